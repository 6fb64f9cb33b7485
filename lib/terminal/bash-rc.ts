/**
 * What bash reads when a terminal opens it: its prompt strings carry marks, and `step NAME` runs a block of commands. Written for bash 3.2
 * and later. Everything hangs on the prompt strings, because a learner's own settings replace PROMPT_COMMAND more often than they drop
 * what is in PS1; the hook in PROMPT_COMMAND only puts the pieces back into prompt strings that were replaced. Where both were replaced at
 * once, a key that no keyboard sends has the shell repair itself.
 *
 * The nonce is in one variable that is never exported, and the file that sets it is gone before anything else runs.
 */

/** Keys that no keyboard sends, bound in every keymap so that a learner's own bindings and vi mode do no harm. */
const keys = { append: '\\e[6331~', kill: '\\e[6332~', yank: '\\e[6333~', erase: '\\e[6334~', again: '\\e[6335~' };
const send = (key: string) => key.replace('\\e', '\x1b');

/** Puts half-typed text aside. The `#` makes sure that there is something to kill, else the yank would bring back something older. */
export const setAsideKeys = `${send(keys.append)}#${send(keys.kill)}`;
export const giveBackKeys = `${send(keys.yank)}${send(keys.erase)}`;
/** A shell that reads a line puts its hooks back where they are missing, and answers with a mark. */
export const againKeys = send(keys.again);

/** How a command's start is noticed: PS0 needs bash 4.4, and an older one uses the DEBUG trap whatever is chosen here. */
export type StartHook = 'newest' | 'debug-trap';

/** `adopted`: it is read by a bash that runs already and has its own settings. */
export interface RcOptions {
  startHook?: StartHook | undefined;
  adopted?: boolean;
}

/**
 * The start-up file.
 * @param directory the shell's private directory, which holds `rc`, `step`, `restore`, `exports` and `steps/`
 */
export function bashRc(directory: string, nonce: string, { startHook = 'newest', adopted = false }: RcOptions = {}): string {
  const settings = String.raw`
builtin export -p >|${quote(`${directory}/base`)}
HISTFILE=$HOME/.bash_history
shopt -s histappend checkwinsize
PS1='\[\e[1;34m\]\w\[\e[0m\] $ '
PS2='> '
[ ! -r ~/.bashrc ] || . ~/.bashrc
[ ! -r ${quote(`${directory}/exports`)} ] || . ${quote(`${directory}/exports`)} 2>/dev/null
`;
  return String.raw`
command rm -f -- ${quote(`${directory}/rc`)}
${adopted ? '' : settings}
readonly __cr_directory=${quote(directory)}
readonly __cr_mark=$'\e]633;${nonce};'
readonly __cr_begin='\[\${__cr_mark}P;$((__cr_prompts+=1));$?;\!;\#;$__cr_stopped;$__cr_noted;\${PWD//[[:cntrl:]]/?}\a\e]133;D;$?\a\e]133;A\a\]'
readonly __cr_end='\[\e]133;B\a\${__cr_mark}B\a\]'
readonly __cr_more='\[\${__cr_mark}N\a\]'
__cr_prompts=0
__cr_noted=0
__cr_stopped=0
__cr_started=0
export -n __cr_directory __cr_mark __cr_begin __cr_end __cr_more __cr_prompts __cr_noted __cr_stopped __cr_started

# Tells that a command starts, and which: the newest history entry with its number.
__cr_start() {
  local line backslash='\'
  line=$(HISTTIMEFORMAT= builtin history 1)
  line=\${line//"$backslash"/"$backslash$backslash"}
  line=\${line//$'\n'/"$backslash"n}
  line=\${line//[[:cntrl:]]/?}
  builtin printf '\e]133;C\a%sC;%s\a' "$__cr_mark" "\${line:0:4096}" >/dev/tty
}

# Puts the marks and hooks back where they were replaced, and notes the environment for the checks.
__cr_install() {
  case $PS1 in *'\${__cr_mark}P'*) ;; *) PS1=$__cr_begin$PS1 ;; esac
  case $PS1 in *'\${__cr_mark}B'*) ;; *) PS1=$PS1$__cr_end ;; esac
  case $PS2 in *'\${__cr_mark}N'*) ;; *) PS2=$PS2$__cr_more ;; esac
  if [ "$__cr_hook" = PS0 ]; then
    case \${PS0-} in *__cr_start*) ;; *) PS0=\${PS0-}'$({ __cr_start; } 2>/dev/null)' ;; esac
    export -n PS0
  fi
  case \${PROMPT_COMMAND-} in
    *__cr_prompt*) ;;
    # The newline, not a semicolon: what was there may end with one.
    *) PROMPT_COMMAND=\${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}$__cr_command ;;
  esac
  export -n PS1 PS2 PROMPT_COMMAND
  builtin export -p >|"$__cr_directory/environment"
}

# Before a prompt, which tells by the number whether this was called. A file, because $(jobs) would cost a process.
__cr_prompt() {
  local job=''
  __cr_noted=$((__cr_prompts + 1))
  __cr_stopped=0
  builtin jobs -ps >|"$__cr_directory/stopped"
  while IFS= read -r job; do __cr_stopped=$((__cr_stopped + 1)); done <"$__cr_directory/stopped"
  __cr_install
  return 0
}

# While a line is read: a prompt without marks is announced now.
__cr_again() {
  local status=$?
  case $PS1 in
    *'\${__cr_mark}P'*'\${__cr_mark}B'*) builtin printf '%sA\a' "$__cr_mark" ;;
    *)
      __cr_prompts=$((__cr_prompts + 1))
      builtin printf '%sP;%s;%s;;;;%s;%s\a' "$__cr_mark" "$__cr_prompts" "$status" "$__cr_prompts" "\${PWD//[[:cntrl:]]/?}"
      builtin printf '%sB\a' "$__cr_mark"
      ;;
  esac >/dev/tty
  __cr_install
}

__cr_debug() {
  if [ "$__cr_prompts" != "$__cr_started" ] && [ -z "\${COMP_LINE-}" ]; then
    case $PROMPT_COMMAND in
      *"$BASH_COMMAND"*) ;;
      *) __cr_started=$__cr_prompts; __cr_start ;;
    esac
  fi
  return 0
}

__cr_hook=${startHook === 'newest' ? 'PS0' : 'DEBUG'}
if [ "\${BASH_VERSINFO[0]}" -lt 4 ] || { [ "\${BASH_VERSINFO[0]}" = 4 ] && [ "\${BASH_VERSINFO[1]}" -lt 4 ]; }; then
  __cr_hook=DEBUG
fi
readonly __cr_hook
__cr_command='{ [ -z "\${__cr_step-}" ] || . "$__cr_directory/restore"; __cr_prompt; } 2>/dev/null'
# Here and not in a function, where it would last no longer than the call.
[ $__cr_hook = PS0 ] || __cr_command="$__cr_command; trap '{ __cr_debug; } 2>/dev/null' DEBUG"
readonly __cr_command
export -n __cr_hook __cr_command
[ $__cr_hook = PS0 ] || trap '{ __cr_debug; } 2>/dev/null' DEBUG
{ __cr_install; } 2>/dev/null

for __cr_keymap in emacs-standard vi-insert vi-command; do
  bind -m $__cr_keymap '"${keys.append}": end-of-line'
  bind -m $__cr_keymap '"${keys.kill}": kill-whole-line'
  bind -m $__cr_keymap '"${keys.yank}": yank'
  bind -m $__cr_keymap '"${keys.erase}": backward-delete-char'
  # In two moves: an old bash finds a command only behind two keys.
  bind -m $__cr_keymap -x '"\C-x\C-]": { __cr_again; } 2>/dev/null'
  bind -m $__cr_keymap '"${keys.again}": "\C-x\C-]"'
done
bind -m vi-command '"${keys.append}": vi-append-eol'
unset __cr_keymap

# Shows a step's lines without the braces around them, then marks where its output begins.
__cr_show() {
  local line='' previous=''
  while IFS= read -r line; do
    [ -z "$previous" ] || builtin printf '\e[2m%s\e[0m\n' "$previous"
    [ -z "$previous" ] && line=\${line#'{ '}
    previous="  $line"
  done <"$__cr_directory/steps/$1" >/dev/tty
  builtin printf '%sS\a' "$__cr_mark" >/dev/tty
}

# An alias, so that the block runs at the top level: in a function, what it declares would be local and gone afterwards.
alias step='. "$__cr_directory/step"'
`.replaceAll('\\${', '${');
}

/** Sourced by `step NAME`. The ERR trap leaves the block at its first failing command, where `set -e` would end the shell. */
export const stepScript = String.raw`
case \${1-} in
  '' | */*) echo 'Usage: step NAME' >&2; return 2 ;;
esac
if [ ! -r "$__cr_directory/steps/$1" ]; then
  echo "step: no step named $1 was run in this terminal yet" >&2
  return 127
fi
__cr_show "$1"
{
  builtin trap -p ERR
  builtin shopt -po allexport errexit errtrace functrace noclobber noglob nounset pipefail verbose xtrace
} >|"$__cr_directory/options" || :
__cr_step=$1
set -E
trap '__cr_status=$?; if [ "\${#BASH_SOURCE[@]}" -gt 1 ]; then set +e; return "$__cr_status"; fi' ERR
. "$__cr_directory/steps/$1"
__cr_status=$?
. "$__cr_directory/restore"
return "$__cr_status"
`.replaceAll('\\${', '${');

/** Sourced after a step, or before the next prompt when Ctrl-C cut the step short: brings back the shell's traps and options. */
export const restoreScript = `
trap - ERR
. "$__cr_directory/options"
unset __cr_step
`;

/** Quotes a value for any POSIX shell. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
