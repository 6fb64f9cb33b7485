import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareProject, startTestLab } from '../test-lab.ts';

const more = `    - name: hello.service
      enable: true
      drop-ins:
        - name: 10-who.conf
          content: |
            [Service]
            Environment=WHO=me
      content: |
        [Unit]
        Description=Hello
        [Service]
        ExecStart=/bin/sh -c 'echo hello from $WHO; exec sleep 1000'
        LimitNOFILE=1024
        [Install]
        WantedBy=multi-user.target
    - name: never.service
      mask: true
      command: start
      content: |
        [Service]
        ExecStart=/bin/sleep 1000
    - name: backup.timer
      command: start
      content: |
        [Timer]
        OnCalendar=daily
    - name: docker.service
      drop-ins:
        - name: 10-log.conf
          content: x
  update:
    reboot-strategy: off
  flannel:
    interface: $public_ipv4
hostname: other
`;

test('what user-data asks of a machine is done, and what the lab cannot do is said with its line, once and for all', async () => {
  const testLab = await startTestLab();
  const directory = await prepareProject(testLab);
  const path = join(directory, 'user-data');
  await writeFile(path, `${(await readFile(path, 'utf8')).trimEnd()}\n${more}`);
  const lines = (await readFile(path, 'utf8')).split('\n');
  const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;
  const up = await testLab.shell('vagrant up', { directory });
  expect(up.status, up.stderr).toBe(0);
  const told = up.stdout.split('\n').filter((line) => line.includes('coreos-cloudinit:'));
  const prefix = '    core-01: coreos-cloudinit: user-data, line ';
  expect(told).toEqual([
    `${prefix}${lineOf('  flannel:')}: coreos.flannel has no effect: the lab’s machines have no flannel.`,
    `${prefix}${lineOf('hostname: other')}: hostname has no effect: a machine of the lab keeps the name that the Vagrantfile gives it.`,
    `${prefix}${lineOf('name: docker.service')}: docker.service belongs to the lab’s machines: its drop-ins have no effect.`,
    `${prefix}${lineOf('name: never.service')}: Unit never.service is masked.`,
    `${prefix}${lineOf('name: backup.timer')}: Unit backup.timer failed to load: Invalid argument. See 'systemctl status backup.timer' for details.`,
  ]);

  const inside = async (command: string) => (await testLab.shell(`vagrant ssh -c '${command}'`, { directory })).stdout;
  expect(await inside('cat "$HOME/../../etc/coreos/update.conf"')).toBe('REBOOT_STRATEGY=off\n');
  expect(await inside('systemctl is-enabled hello never; systemctl is-active hello never')).toBe('enabled\nmasked\ninactive\ninactive\n');
  await inside('systemctl start hello');
  await expect.poll(() => inside('journalctl -o cat -u hello')).toContain('hello from me');
  const journal = await inside('journalctl -o cat -u hello');
  expect(journal).toContain('[/etc/systemd/system/hello.service:5] LimitNOFILE= is not supported in this lab, ignoring: 1024\n');

  // What is enabled starts with the machine.
  expect((await testLab.shell('vagrant reload', { directory })).status).toBe(0);
  await expect.poll(() => inside('systemctl is-active hello')).toBe('active\n');
});
