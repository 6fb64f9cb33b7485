// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${X} is the syntax of unit files here
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { testWith } from '#lib/testing/peers.ts';
import { readService } from './read-service.ts';

/** Units whose fate does not depend on what is installed: their program is /bin/sh. Each is one disagreement that could be. */
const corpus = [
  '[Service]\nExecStart=/bin/sh\n',
  '[Unit]\nDescription=x\nAfter=a.service\n[Service]\nExecStart=/bin/sh -c "a ; b"\n[Install]\nWantedBy=multi-user.target\n',
  '[Service]\nExecStart=/bin/sh\nFoo=1\n[Bogus]\nA=1\n[X-Fleet]\nConflicts=x@*.service\n',
  '[Service]\nRemainAfterExit=yes\n',
  'hello\n[Service]\nExecStart=/bin/sh\n',
  '[Service\nExecStart=/bin/sh\n',
  '[Service]\nExecStart="/bin/sh\n',
  '[Service]\nExecStart\n',
  '[Service]\nExecStart=/bin/sh\nhello\n',
  '[Service]\n=x\nExecStart=/bin/sh\n',
  '[Service]\r\nExecStart=/bin/sh\r\n',
  '[Service]\nExecStart=/bin/sh a \\\n# comment\n ; comment\n b\n',
  '[Service]\nType=wrong\nRestart=maybe\nTimeoutStartSec=abc\nExecStart=/bin/sh\n',
  '[Service]\nExecStart=/bin/sh\nExecStart=/bin/sh\n',
  '[Service]\nType=oneshot\nExecStart=/bin/sh\nExecStart=/bin/sh\n',
  '[Service]\nType=oneshot\nExecStart=/bin/sh\nRestart=always\n',
  '[Service]\nType=oneshot\nExecStart=/bin/sh\nRestart=on-failure\n',
  '[Service]\nExecStart=-\n',
  '[Service]\nExecStart=/bin/sh ; /bin/sh\n',
  '[Service]\nType=oneshot\nExecStart=/bin/sh ; /bin/sh\n',
  '[Service]\nExecStart=/bin/sh ;\n',
  '[Service]\nExecStart=/bin/sh \\q a\\ b \\;\n',
  '[Service]\nExecStart=/bin/sh %z\n',
  '[Service]\nExecStart=/bin/sh %i %n 100%% 5%\n',
  '[]\n[Service]\nExecStart=/bin/sh\n',
  '[Service]\nExecStart=/bin/sh\nWorkingDirectory=rel\n',
  '[Service]\nExecStart=/bin/sh\nEnvironmentFile=rel\nKillSignal=FOO\nKillMode=foo\nRemainAfterExit=perhaps\n',
  '[Service]\nExecStart=/bin/sh\nExecStart=\n',
  '[Service]\nExecStop=/bin/sh\n',
  '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/bin/sh\n',
  '[Service]\nExecStart=@/bin/sh\n',
  '[Service]\nExecStart=@/bin/sh zero one\n',
  '[Service]\nExecStart=-@/bin/sh zero\nExecStartPre=-/bin/sh\nExecStopPost=!/bin/sh\n',
  'ExecStart=/bin/sh\n',
  '[Service]\nExecStart=/bin/sh ${X} $X $$ "a ${X}"\nEnvironment=X=1 "Y=two words" bad\n',
  '[Unit]\nConditionPathExists=/etc\n[Service]\nExecStart=/bin/sh\nLimitNOFILE=10\nSuccessExitStatus=143 SIGKILL\n',
  '[Unit]\nOnFailure=help@%n.service\nAssertPathExists=/etc\nRefuseManualStart=yes\nPartOf=b.service\n[Service]\nExecStart=/bin/sh\n',
  '[Unit]\nConditionPathExists=|!/etc\nConditionPathExists=| /nothing\nConditionPathExists=etc\n[Service]\nExecStart=/bin/sh\n',
  '[Unit]\nConditionPathExists=\nConditionHost=x\nConditionNull=maybe\nConditionBogus=1\n[Service]\nExecStart=/bin/sh\n',
  '[Service]\nExecStart=/bin/sh\nExecReload=/bin/sh -c "x\n',
  '[Service]\nExecStart=/bin/sh\nExecReload=/bin/kill -HUP $MAINPID\nExecStop=-/bin/sh\n',
  '[Service]\nExecStart=/bin/sh\nUser=root\nGroup=root\nSyslogLevel=loud\nSyslogLevelPrefix=maybe\nSyslogIdentifier=x\n',
  '[Service]\nExecStart=/bin/sh\nPrivateTmp=true\nLimitCORE=infinity\nNice=5\nUMask=0022\nProtectSystem=full\n',
  '[Service]\nExecStart=/bin/sh\nSuccessExitStatus=foo 300\nRestartPreventExitStatus=\nRestartForceExitStatus=1\n',
  '[Service]\nType=forking\nPIDFile=/run/x.pid\nExecStart=/bin/sh\nGuessMainPID=no\n',
  '[Service]\nType=idle\nExecStart=/bin/sh\nKillMode=mixed\nSendSIGHUP=yes\nSendSIGKILL=no\n',
  '[Unit]\nStartLimitInterval=1min\nStartLimitBurst=x\n[Service]\nStartLimitInterval=5\nExecStart=/bin/sh\n',
  '[Service]\nEnvironment="A=1 2" B=%n "C=%H\nExecStart=/bin/sh\n',
  '[Service]\nEnvironment=A=%z\nExecStart=/bin/sh\n',
  '[Unit]\nDescription=%z\nAfter=x@%z.service\n[Service]\nExecStart=/bin/sh\n',
  '[Unit]\nAfter=not a unit name\nRequires=\n[Service]\nExecStart=/bin/sh\n',
  '[Service]\nWorkingDirectory=~\nExecStart=/bin/sh\n',
  '[Service]\nWorkingDirectory=-/nothing\nExecStart=/bin/sh\nTimeoutSec=5min 20s\nRestartSec=1.5\n',
  '[Service]\nExecStart=+/bin/sh\nExecStartPre=:/bin/sh $X\nExecStartPost=!!/bin/sh\n',
  '[Service]\nExecStart=/bin/sh a; b\nExecStart=\nExecStart=/bin/sh\n',
  '[Service]\nExecStart=\nType=oneshot\nExecStart=/bin/sh a\\\n  b\n[Install]\nWantedBy=\nAlias=x.service\n',
];

testWith('systemd-analyze')(`systemd-analyze verify agrees about ${corpus.length} unit files`, () => {
  const directory = mkdtempSync(join(tmpdir(), 'units-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const ours: string[] = [];
  const theirs: string[] = [];
  for (const [index, text] of corpus.entries()) {
    const name = `corpus${index}.service`;
    writeFileSync(join(directory, name), text);
    const { status } = spawnSync('systemd-analyze', ['verify', '--man=no', join(directory, name)], { encoding: 'utf8' });
    const verdict = (good: boolean) => `${good ? 'good' : 'bad '} ${JSON.stringify(text)}`;
    theirs.push(verdict(status === 0));
    ours.push(verdict(readService(name, text, { hostname: 'h', machineId: 'm', bootId: 'b', kernel: 'k' }).settings !== null));
  }
  expect(ours).toEqual(theirs);
});
