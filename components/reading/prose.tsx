/** HTML that markdown-it made with raw HTML off; the only place that trusts a string to be markup. */
export function Prose({ html }: { html: string }) {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: rendered on the server from content files, raw HTML is off there
  return <div className="prose" dangerouslySetInnerHTML={{ __html: withTables(withAnchors(html)) }} />;
}

/** Each heading that has an id gets a link to itself. */
export function withAnchors(html: string): string {
  return html.replace(/<(h[23]) id="([^"]+)">(.*?)<\/\1>/gs, (_all, tag, id, inner) => {
    const label = inner.replace(/<[^>]+>/g, '');
    return `<${tag} id="${id}">${inner}<a class="anchor" href="#${id}" aria-label="Link to “${label.replace(/"/g, '&quot;')}”">#</a></${tag}>`;
  });
}

/** A wide table scrolls in its own box, not the page. */
function withTables(html: string): string {
  return html
    .replace(/<table>/g, '<div class="table-box" role="region" aria-label="Table" tabindex="0"><table>')
    .replace(/<\/table>/g, '</table></div>');
}
