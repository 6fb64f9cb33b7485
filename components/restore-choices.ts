/**
 * Runs before the first paint and gives the page the theme and the sizes that this browser remembers, so that nothing jumps.
 * Storage may be blocked: then the style sheet's own values hold.
 */
export const restoreChoices = `try{
var root=document.documentElement,kept=function(name){return localStorage.getItem("coreos-reflector."+name)},
theme=kept("theme");if(theme==="light"||theme==="dark")root.dataset.theme=theme;
[["dock-width","%"],["preview-height","%"],["sheet-height","%"]].forEach(function(pair){
var value=Number(kept(pair[0]));if(value>0&&value<100)root.style.setProperty("--"+pair[0],value+(pair[0]==="dock-width"?"vw":pair[0]==="sheet-height"?"dvh":pair[1]))})
}catch(error){}`;
