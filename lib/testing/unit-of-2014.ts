// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${X} is the syntax of unit files
/** The walkthrough's unit as it stood in October 2014. Its fleet hash is known: dc9674096ebc071c34f1b31864ada4a2cf3d4391. */
export const unitOf2014 = `[Unit]
Description=Spin Up CoreOS Reflector Demo
After=docker.service
Requires=docker.service

[Service]
TimeoutStartSec=0
EnvironmentFile=/etc/environment
ExecStartPre=/usr/bin/etcdctl set /dns/reflector/host \${COREOS_PUBLIC_IPV4}
ExecStartPre=/usr/bin/etcdctl set /dns/reflector/port 80
ExecStartPre=-/usr/bin/docker kill reflector
ExecStartPre=-/usr/bin/docker rm reflector
ExecStartPre=/usr/bin/docker pull pandapup/coreos_reflector
ExecStart=/usr/bin/docker run --name reflector -p 80:80 pandapup/coreos_reflector

[Install]
WantedBy=multi-user.target
`;
