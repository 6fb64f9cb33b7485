# Settings of the cluster. The Vagrantfile of coreos-vagrant reads this file when it lies beside it.

# How many CoreOS machines to start. They are named core-01, core-02, …
$num_instances=1

# Which release channel the machines follow: 'alpha', 'beta' or 'stable'.
$update_channel='stable'

# A machine finds its cluster through the discovery URL in user-data. With real Vagrant the block below can
# fetch a fresh one at every `vagrant up`; the tutorial places it by hand, so that you see what happens.
#
#if File.exist?('user-data') && ARGV[0].eql?('up')
#  require 'open-uri'
#  require 'yaml'
#
#  data = YAML.load(IO.readlines('user-data')[1..-1].join)
#  data['coreos']['etcd']['discovery'] = URI.open("https://discovery.etcd.io/new?size=#{$num_instances}").read
#  File.write('user-data', "#cloud-config\n\n#{YAML.dump(data)}")
#end

# Write what each machine says on its serial port to log/.
#$enable_serial_logging=false

# Make Docker's own API reachable from this computer, on this port for the first machine.
#$expose_docker_tcp=2375

# Show the machines' screens; their memory in megabytes; their processors.
#$vb_gui = false
#$vb_memory = 1024
#$vb_cpus = 1
