// What this window is called: the same after a lost connection and after a reload, so that the server knows it again.

const key = 'coreos-reflector.page';
let name: string | undefined;

export function pageName(): string {
  name ??= readKept() ?? crypto.randomUUID();
  try {
    sessionStorage.setItem(key, name);
  } catch {
    // storage is blocked: the name lives as long as the page
  }
  return name;
}

function readKept(): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // storage is blocked in this browser
  }
}
