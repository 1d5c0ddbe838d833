"""Bars as SVG, light and dark as the reader's screen is."""
import html

LABELS, BARS, NUMBERS, ROW = 230, 420, 90, 22  # pixels

STYLE = """text { font: 13px sans-serif; fill: #222 } .head { font-weight: bold } .ours { fill: #c8741f }
.theirs { fill: #8a8f98 } @media (prefers-color-scheme: dark) { text { fill: #eee } }"""


def bars(groups):
    """`groups`: [(title, [(label, value), ...]), ...]. Each group has a scale of its own."""
    parts, y = [], 10
    for title, rows in groups:
        if not rows:
            continue
        parts.append(f'<text class="head" x="10" y="{y + 15}">{html.escape(title)}</text>')
        y += ROW + 6
        most = max(value for _, value in rows)
        for label, value in rows:
            kind = "ours" if label.startswith("abc2") else "theirs"
            width = max(1, round(BARS * value / most))
            parts.append(f'<text x="{LABELS - 10}" y="{y + 14}" text-anchor="end">{html.escape(label)}</text>'
                         f'<rect class="{kind}" x="{LABELS}" y="{y + 2}" width="{width}" height="{ROW - 6}"/>'
                         f'<text x="{LABELS + width + 6}" y="{y + 14}">{value:,.0f}</text>')
            y += ROW
        y += 14
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LABELS + BARS + NUMBERS} {y}">'
            f'<style>{STYLE}</style>{"".join(parts)}</svg>\n')
