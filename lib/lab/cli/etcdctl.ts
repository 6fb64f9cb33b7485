// etcdctl: the client of etcd's v2 API.
import { runEtcdctl } from '../etcd/ctl/run.ts';

// A reader that went away (`| head`) is no reason for a stack trace.
process.stdout.on('error', () => process.exit());

runEtcdctl(process.argv.slice(2), {
  environment: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
}).then((status) => {
  process.exitCode = status;
});
