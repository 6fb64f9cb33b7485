// The way in: `npm start`, `npm run dev|shell|lab|tutorial|build`. Plain syntax and no imports, so that any Node can at least say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `This needs Node.js 20.19 or newer, and this is ${process.versions.node}: install a current one from https://nodejs.org and try again.`,
  );
  process.exitCode = 1;
} else {
  import('./launch.mjs').then(({ launch }) => launch(process.argv.slice(2)));
}
