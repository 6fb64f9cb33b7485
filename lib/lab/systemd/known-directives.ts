// Directives that systemd knows, so that a misspelt one is told from one that the lab does not follow.

const no = /^(|no|n|false|f|off|0)$/i;
const none = /^(none)?$/;

const known: Record<string, { names: Set<string>; families: RegExp }> = {
  Unit: {
    families: /^(Condition|Assert)[A-Z]\w+$/,
    names: words(`Description Documentation SourcePath Requires Requisite Wants BindsTo BindTo Upholds Conflicts Before After OnSuccess
      OnFailure PropagatesReloadTo PropagateReloadTo ReloadPropagatedFrom PropagateReloadFrom PropagatesStopTo StopPropagatedFrom PartOf
      JoinsNamespaceOf RequiresOverridable RequisiteOverridable RequiresMountsFor StopWhenUnneeded RefuseManualStart RefuseManualStop
      AllowIsolate DefaultDependencies OnSuccessJobMode OnFailureJobMode OnFailureIsolate IgnoreOnIsolate JobTimeoutSec
      JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument StartLimitIntervalSec StartLimitInterval StartLimitBurst
      StartLimitAction FailureAction SuccessAction FailureActionExitStatus SuccessActionExitStatus RebootArgument CollectMode`),
  },
  Service: {
    families: /^(Limit|CPU|IO|BlockIO|Memory|Protect|Private|Restrict|SystemCall|TTY|ManagedOOM|Startup)[A-Z]\w+$/,
    names: words(`PIDFile ExecCondition ExecStartPre ExecStart ExecStartPost ExecReload ExecStop ExecStopPost RestartSec TimeoutSec
      TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutStartFailureMode TimeoutStopFailureMode RuntimeMaxSec
      RuntimeRandomizedExtraSec WatchdogSec StartLimitInterval StartLimitBurst StartLimitAction FailureAction RebootArgument Type ExitType
      Restart PermissionsStartOnly RootDirectoryStartOnly RemainAfterExit GuessMainPID RestartPreventExitStatus RestartForceExitStatus SuccessExitStatus NonBlocking BusName
      FileDescriptorStoreMax NotifyAccess Sockets OOMPolicy WorkingDirectory RootDirectory RootImage User Group SupplementaryGroups Nice
      OOMScoreAdjust CoredumpFilter NUMAPolicy NUMAMask UMask Environment EnvironmentFile PassEnvironment UnsetEnvironment DynamicUser
      RemoveIPC StandardInput StandardOutput StandardError StandardInputText StandardInputData SyslogIdentifier SyslogFacility SyslogLevel
      SyslogLevelPrefix LogLevelMax LogRateLimitIntervalSec LogRateLimitBurst LogExtraFields LogNamespace SecureBits CapabilityBoundingSet
      AmbientCapabilities TimerSlackNSec NoNewPrivileges KeyringMode ProcSubset LockPersonality ReadWriteDirectories ReadOnlyDirectories
      InaccessibleDirectories ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths NoExecPaths ExecSearchPath BindPaths
      BindReadOnlyPaths TemporaryFileSystem NetworkNamespacePath IPCNamespacePath MountFlags MountAPIVFS Personality RuntimeDirectory
      RuntimeDirectoryPreserve RuntimeDirectoryMode StateDirectory StateDirectoryMode CacheDirectory CacheDirectoryMode LogsDirectory
      LogsDirectoryMode ConfigurationDirectory ConfigurationDirectoryMode SetCredential SetCredentialEncrypted LoadCredential
      LoadCredentialEncrypted TimeoutCleanSec PAMName IgnoreSIGPIPE UtmpIdentifier UtmpMode SELinuxContext AppArmorProfile
      SmackProcessLabel Slice AllowedCPUs AllowedMemoryNodes DefaultMemoryMin DefaultMemoryLow DeviceAllow DevicePolicy TasksAccounting
      TasksMax Delegate DisableControllers IPAccounting IPAddressAllow IPAddressDeny IPIngressFilterPath IPEgressFilterPath BPFProgram
      SocketBindAllow SocketBindDeny SendSIGKILL SendSIGHUP KillMode KillSignal RestartKillSignal FinalKillSignal WatchdogSignal`),
  },
  Install: { families: /^$/, names: words('Alias WantedBy RequiredBy Also DefaultInstance') },
};

export function isKnownDirective(section: string, key: string): boolean {
  const directives = known[section];
  return directives !== undefined && (key.startsWith('X-') || directives.names.has(key) || directives.families.test(key));
}

/**
 * Directives that change nothing that anybody would notice in the lab: they say what is so anyway. Where it depends on the value, the
 * pattern tells the harmless ones.
 */
const inert: Record<string, Record<string, RegExp>> = {
  Unit: always(`SourcePath DefaultDependencies AllowIsolate RequiresMountsFor IgnoreOnIsolate CollectMode`, {
    StopWhenUnneeded: no,
    StartLimitAction: none,
    FailureAction: none,
    SuccessAction: none,
    OnFailureJobMode: /^(replace)?$/,
    JobTimeoutSec: /^(0|infinity)?$/,
  }),
  Service: always(`SyslogFacility GuessMainPID NonBlocking BusName UtmpIdentifier PermissionsStartOnly RootDirectoryStartOnly Slice`, {
    NotifyAccess: none,
    StartLimitAction: none,
    FailureAction: none,
    StandardInput: /^(null)?$/,
    StandardOutput: /^(|inherit|journal|syslog|kmsg|(journal|syslog|kmsg)\+console)$/,
    StandardError: /^(|inherit|journal|syslog|kmsg|(journal|syslog|kmsg)\+console)$/,
    WatchdogSec: /^(0|infinity)?$/,
    IgnoreSIGPIPE: /./,
    Delegate: /./,
  }),
  Install: always('Also DefaultInstance'),
};

export function isInert(section: string, key: string, value: string): boolean {
  if (key.startsWith('X-') || /^(CPU|Memory|BlockIO|IO|Tasks|IP)Accounting$/.test(key)) return true;
  return inert[section]?.[key]?.test(value) ?? false;
}

function always(names: string, some: Record<string, RegExp> = {}): Record<string, RegExp> {
  return { ...Object.fromEntries(names.split(' ').map((name) => [name, /^/])), ...some };
}

function words(text: string): Set<string> {
  return new Set(text.split(/\s+/));
}
