// The widget's whole look. SURFACES are the grounds (--sunk) that coloured words are hardest to read on:
// the firm's colour is moved until it reads there.
export const SURFACES = { light: "#f1f3f5", dark: "#2a3137" };

export const STYLE = `
:host{all:initial;--ink:#1b2127;--soft:#4d5761;--faint:#626d77;--surface:#fff;--sunk:#f1f3f5;--line:#dde1e5;--bad:#b3261e;--bad-soft:#fde7e5;--warn:#6b4700;--warn-soft:#fdf0d2;
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;color:var(--ink);color-scheme:light dark;position:fixed;right:0;bottom:0;z-index:2147483000}
:host([hidden]){display:none!important}
@media (prefers-color-scheme:dark){:host{--ink:#e9edf0;--soft:#b4bec7;--faint:#97a2ac;--surface:#1b2024;--sunk:#2a3137;--line:#3a434b;--bad:#ff9d95;--bad-soft:#3d1b19;--warn:#f0c063;--warn-soft:#352a10}}
*{box-sizing:border-box}
[hidden]{display:none!important}
button,textarea{font:inherit;color:inherit}
button{cursor:pointer;-webkit-tap-highlight-color:transparent}
h2,p,ul,ol{margin:0}
:focus{outline:none}
:focus-visible{outline:2px solid var(--brand-ink);outline-offset:2px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.i{width:20px;height:20px;flex:none;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}

.launch{position:fixed;right:max(20px,env(safe-area-inset-right));bottom:max(20px,env(safe-area-inset-bottom));width:56px;height:56px;padding:0;border:0;border-radius:50%;background:var(--brand);color:var(--on-brand);box-shadow:0 2px 6px rgb(0 0 0/16%),0 8px 24px rgb(0 0 0/18%);display:grid;place-items:center;transition:transform .15s ease-out}
.launch:hover{transform:scale(1.04)}
.launch:focus-visible{outline-offset:3px}
.launch .i{width:26px;height:26px;grid-area:1/1}
.launch .i-down,:host(.open) .launch .i-chat{display:none}
:host(.open) .launch .i-down{display:block}
.launch .n{position:absolute;top:-4px;right:-4px;min-width:22px;height:22px;padding:0 6px;border-radius:11px;background:#c62828;color:#fff;font-size:12px;font-weight:600;line-height:22px;text-align:center;box-shadow:0 0 0 2px var(--surface)}

.panel{position:fixed;right:max(20px,env(safe-area-inset-right));bottom:calc(max(20px,env(safe-area-inset-bottom)) + 68px);width:384px;height:min(640px,100vh - 112px);height:min(640px,100dvh - 112px);display:flex;flex-direction:column;overflow:hidden;background:var(--surface);border:1px solid var(--line);border-radius:16px;box-shadow:0 12px 40px rgb(0 0 0/20%);animation:rise .16s ease-out}
@keyframes rise{from{opacity:0;transform:translateY(8px)}}
.head{display:flex;align-items:center;gap:8px;padding:14px 10px 14px 18px;background:var(--brand);color:var(--on-brand)}
.head>div{flex:1;min-width:0}
h2{font-size:16px;font-weight:600;line-height:1.25;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.head p{font-size:13px;line-height:1.35}
.x,.at{display:grid;place-items:center;width:40px;height:40px;flex:none;padding:0;border:0;border-radius:10px;background:none}
.head .x:hover{background:rgb(127 127 127/28%)}
.head :focus-visible{outline-color:var(--on-brand);outline-offset:-3px}
.lost:empty{display:none}
.lost{padding:7px 18px;background:var(--warn-soft);color:var(--warn);font-size:13px}

.sheet{flex:none;max-height:80%;overflow-y:auto;padding:14px 18px 8px;border-bottom:1px solid var(--line);background:var(--surface);text-align:center;font-size:14px}
.ways{display:flex;flex-direction:column;align-items:center;gap:10px}
.way{display:flex;flex-direction:column;align-items:center;gap:8px}
.way small,.ways p{color:var(--soft);font-size:13px}
.qr{width:168px;height:168px;border-radius:10px;background:#fff;fill:#000}
.sheet summary{cursor:pointer;color:var(--brand-ink);padding:6px;border-radius:6px}
.sheet code{display:block;margin:6px 0;padding:8px 10px;border-radius:8px;background:var(--sunk);font:13px ui-monospace,Menlo,Consolas,monospace;user-select:all;overflow-wrap:anywhere}
.log{flex:1;min-height:0;overflow-y:auto;overscroll-behavior:contain;padding:16px 14px 12px;display:flex;flex-direction:column;gap:2px;overflow-wrap:anywhere}
.log:focus-visible{outline-offset:-3px;border-radius:6px}
.d{margin:14px 0 8px;text-align:center;font-size:12px;color:var(--faint)}
.d::first-letter{text-transform:uppercase}
.m{display:flex;flex-direction:column;align-items:flex-start;margin-top:3px}
.m.me{align-items:flex-end}
.w{margin:10px 0 4px 12px;font-size:12px;color:var(--faint)}
.hello .w{margin-top:0}
.b{max-width:86%;padding:8px 13px;border-radius:16px;background:var(--sunk);position:relative}
.m.last .b{border-end-start-radius:5px}
.me .b{background:var(--brand);color:var(--on-brand)}
.me.last .b{border-end-start-radius:16px;border-end-end-radius:5px}
.agent .b{background:var(--surface);box-shadow:inset 0 0 0 1px var(--line)}
.system{align-items:center}
.system .b{background:none;padding:6px 12px;font-size:13px;color:var(--soft);text-align:center}
.b p{white-space:pre-wrap}
.b p+p,.b ul,.b ol,.b ul+p,.b ol+p{margin-top:7px}
.b ul,.b ol{padding-inline-start:20px}
.b li+li{margin-top:2px}
.b a{color:var(--brand-ink);text-underline-offset:2px}
.me .b a{color:inherit}
.b code{font:13px ui-monospace,Menlo,Consolas,monospace}
.b .a{display:flex;align-items:center;gap:8px;text-decoration:none}
.b .a:hover span{text-decoration:underline}
.b small{display:block;font-size:12px;opacity:.85}
.b .g{display:block;margin:0 -7px}
.b .g+p{margin-top:6px}
.b img{display:block;max-width:100%;max-height:240px;min-height:40px;border-radius:11px}
.t{display:flex;align-items:center;gap:4px;height:0;overflow:hidden;padding:0 6px;font-size:12px;color:var(--faint)}
.m.last:not(.system) .t,.m.on .t{height:20px}
.t .i{width:15px;height:15px}
.i-read{color:var(--brand-ink)}
.f:empty{display:none}
.f{max-width:86%;font-size:13px;color:var(--bad);text-align:end}
.bad .b{outline:2px solid var(--bad);outline-offset:2px}
.l{padding:6px;border:0;background:none;color:var(--brand-ink);font-size:13px;text-decoration:underline;text-underline-offset:2px;border-radius:6px}
.l.e{align-self:center}

.q{display:flex;flex-wrap:wrap;gap:6px;margin-top:8px;max-width:94%}
.c{display:inline-flex;align-items:center;gap:6px;min-height:38px;padding:7px 14px;border:1px solid var(--brand-ink);border-radius:19px;background:var(--surface);color:var(--brand-ink);font-size:14px;line-height:1.3;font-weight:500;text-align:start;text-decoration:none;transition:background .12s}
.c:hover:enabled,a.c:hover{background:var(--sunk)}
.c .i{width:15px;height:15px}
.v{min-height:28px;padding:3px 10px;border-color:var(--line);color:var(--soft);font-size:13px;font-weight:400}
.br{flex-basis:100%}
.v.on{border-color:var(--brand-ink);background:var(--sunk);color:var(--brand-ink)}
.c:disabled{cursor:default;border-color:var(--line);color:var(--faint)}
.c.on:disabled{background:var(--sunk);border-color:var(--brand-ink);color:var(--brand-ink)}
.r{gap:2px;flex-wrap:nowrap}
.r .c{padding:4px;min-height:44px;width:44px;justify-content:center;border:0;background:none;border-radius:10px}
.r .c .i{width:30px;height:30px;stroke-width:1.5;transition:transform .12s}
.r .c.on .i,.r:has(.c:hover:enabled) .c .i{fill:currentColor}
.r .c:hover:enabled~.c .i{fill:none}
.r .c.on:disabled{background:none}
.r .c:hover:enabled .i{transform:scale(1.1)}

.dots{display:flex;gap:4px;align-self:flex-start;margin-top:8px;padding:13px 15px;border-radius:16px 16px 16px 5px;background:var(--sunk);position:relative}
.dots i{width:7px;height:7px;border-radius:50%;background:var(--faint);animation:dot 1.2s infinite}
.dots i:nth-child(2){animation-delay:.15s}
.dots i:nth-child(3){animation-delay:.3s}
@keyframes dot{0%,60%,100%{opacity:.35}30%{opacity:1}}

.write{border-top:1px solid var(--line);padding:8px;padding-bottom:max(8px,env(safe-area-inset-bottom));background:var(--surface)}
.line{display:flex;align-items:flex-end;gap:4px}
textarea{flex:1;min-width:0;min-height:40px;max-height:132px;padding:8px 10px;border:1px solid var(--line);border-radius:10px;background:none;resize:none;line-height:22px;font-size:15px}
textarea:focus-visible{outline-offset:-1px}
textarea::placeholder{color:var(--faint);opacity:1}
.at{color:var(--soft)}
.at:hover{background:var(--sunk)}
.go{display:grid;place-items:center;width:40px;height:40px;flex:none;padding:0;border:0;border-radius:50%;background:var(--brand);color:var(--on-brand);transition:opacity .12s}
.go:disabled{background:var(--sunk);color:var(--faint);cursor:default}
.over:empty{display:none}
.over{padding:2px 10px 6px;font-size:13px;color:var(--bad)}
.up{display:grid;grid-template-columns:auto 1fr auto auto;align-items:center;gap:0 8px;margin:2px 2px 6px;padding:4px 4px 4px 10px;border:1px solid var(--line);border-radius:10px;font-size:13px}
.up .n{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.up small{color:var(--soft);font-size:12px}
.up progress{grid-column:1/4;grid-row:2;width:100%;height:4px;margin-bottom:4px;accent-color:var(--brand-ink)}
.up .x{grid-row:1/3;grid-column:4;width:36px;height:36px;color:var(--soft)}
.up.bad{grid-template-columns:auto 1fr auto;border-color:var(--bad);background:var(--bad-soft)}
.up.bad small{grid-column:2;grid-row:2;color:var(--bad)}
.up.bad .x{grid-column:3}
.over-drop{display:none}
.drop .over-drop{display:grid;place-items:center;position:absolute;inset:8px;border:2px dashed var(--brand-ink);border-radius:12px;background:color-mix(in srgb,var(--surface) 92%,transparent);color:var(--brand-ink);font-weight:600;pointer-events:none}

@media (max-width:520px),(max-height:420px){
.panel{inset:0 0 auto 0;width:100%;height:100vh;height:100dvh;border:0;border-radius:0;animation:none}
.head{padding-top:max(10px,env(safe-area-inset-top));padding-left:max(18px,env(safe-area-inset-left))}
.x{width:44px;height:44px}
:host(.open) .launch{display:none}
textarea{font-size:16px}
}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}.dots i{opacity:.7}}
`;
