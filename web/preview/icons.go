package preview

import "strings"

// Icon is the sign of a type of objects: the inside of an SVG of 24 by 24, to be drawn in lines of width
// 2. What is filled is filled with currentColor. Types that aren't known have a sign too.
func Icon(typ string) string {
	name, known := signs[strings.ToLower(typ)]
	if !known {
		return shapes["other"]
	}
	return shapes[name]
}

// signs are the shapes of visualization types: Qlik's own, those of its bundles, and their older names.
var signs = map[string]string{
	"barchart": "bars", "histogram": "histogram", "mekkochart": "bars", "waterfallchart": "waterfall", "combochart": "combo",
	"linechart": "line", "piechart": "pie", "qlik-barplus-chart": "bars", "sn-bar": "bars",
	"kpi": "number", "qlik-multi-kpi": "number", "qlik-multi-kpi-v2": "number", "sn-number": "number",
	"table": "table", "sn-table": "table", "straight-table": "table", "sn-straight-table": "table", "pivot-table": "pivot",
	"sn-pivot-table": "pivot", "qlik-smart-pivot": "pivot", "sn-grid-chart": "grid", "heatmap": "grid", "qlik-heatmap-chart": "grid",
	"scatterplot": "scatter", "treemap": "treemap", "map": "map", "idevio-map": "map", "ideviomap": "map", "gauge": "gauge", "bulletchart": "bullet", "sn-bullet": "bullet",
	"boxplot": "box", "distributionplot": "scatter", "filterpane": "filter", "listbox": "list", "sn-list-box": "list",
	"text-image": "text", "sn-text": "text", "container": "container", "qlik-tabbed-container": "container", "sn-layout-container": "container",
	"sn-tabbed-container": "container", "qlik-show-hide-container": "container", "qlik-trellis-container": "grid", "sn-trellis-container": "grid",
	"action-button": "button", "qlik-button-for-navigation": "button", "sn-nav-menu": "menu", "swr-sense-navigation": "menu", "qlik-variable-input": "slider",
	"variable": "slider", "qlik-date-picker": "date", "sn-date-picker": "date", "sn-org-chart": "network", "qlik-network-chart": "network", "sn-sankey-chart": "flow", "qlik-sankey-chart-ext": "flow",
	"qlik-funnel-chart": "funnel", "qlik-funnel-chart-ext": "funnel", "sn-funnel": "funnel", "qlik-radar-chart": "radar", "qlik-word-cloud": "cloud", "sn-word-cloud": "cloud",
	"sn-video-player": "video", "sn-shape": "shape", "sn-image": "image", "qlik-venn": "venn", "auto-chart": "spark", "sn-nlg-chart": "text",
	"masterobject": "spark",
}

var shapes = map[string]string{
	"bars":      `<path d="M3 21h18"/><path fill="currentColor" d="M5 11h3v8H5zM11 5h3v14h-3zM17 8h3v11h-3z"/>`,
	"histogram": `<path d="M3 21h18"/><path fill="currentColor" d="M4 15h4v4H4zM8 9h4v10H8zM12 6h4v13h-4zM16 13h4v6h-4z"/>`,
	"waterfall": `<path d="M3 21h18"/><path fill="currentColor" d="M4 13h3v6H4zM9 8h3v6H9zM14 5h3v5h-3zM19 5h2v14h-2z"/>`,
	"combo":     `<path d="M3 21h18"/><path fill="currentColor" d="M5 14h3v5H5zM11 12h3v7h-3zM17 15h3v4h-3z"/><path d="M4 9l6-5 4 4 6-4"/>`,
	"line":      `<path d="M3 3v18h18"/><path d="M6 15l4-5 4 3 6-8"/>`,
	"pie":       `<circle cx="12" cy="12" r="9"/><path fill="currentColor" d="M12 12V3a9 9 0 0 1 9 9z"/>`,
	"number":    `<path d="M9 4L7 20M17 4l-2 16M4 9h17M3 15h17"/>`,
	"table":     `<rect x="3" y="4" width="18" height="16" rx="1"/><path fill="currentColor" d="M3 4h18v4H3z"/><path d="M3 12h18M3 16h18M9 8v12M15 8v12"/>`,
	"pivot":     `<rect x="3" y="4" width="18" height="16" rx="1"/><path fill="currentColor" d="M3 4h18v4H3zM3 8h6v12H3z"/><path d="M9 14h12M15 8v12"/>`,
	"grid":      `<path fill="currentColor" d="M3 3h5v5H3zM16 10h5v5h-5zM10 16h5v5h-5z"/><path d="M3 3h18v18H3zM9 3v18M15 3v18M3 9h18M3 15h18"/>`,
	"scatter":   `<path d="M3 3v18h18"/><g fill="currentColor"><circle cx="8" cy="15" r="1.5"/><circle cx="11" cy="9" r="1.5"/><circle cx="15" cy="12" r="1.5"/><circle cx="19" cy="6" r="1.5"/></g>`,
	"treemap":   `<rect x="3" y="3" width="18" height="18"/><path d="M12 3v18M12 10h9M3 15h9M16 10v11"/>`,
	"map":       `<path d="M3 6l6-3 6 3 6-3v15l-6 3-6-3-6 3zM9 3v15M15 6v15"/>`,
	"gauge":     `<path d="M3 17a9 9 0 0 1 18 0M12 17l5-6"/><circle cx="12" cy="17" r="1.5" fill="currentColor"/>`,
	"bullet":    `<rect x="3" y="6" width="18" height="5"/><rect x="3" y="14" width="18" height="5"/><path fill="currentColor" d="M3 7.500h11v2H3zM3 15.500h7v2H3z"/>`,
	"box":       `<path d="M3 21h18M8 4v3M8 15v4M16 3v5M16 16v3"/><rect x="5" y="7" width="6" height="8"/><rect x="13" y="8" width="6" height="8"/><path d="M5 11h6M13 12h6"/>`,
	"filter":    `<path d="M3 4h18l-7 9v7l-4-2v-5z"/>`,
	"list":      `<rect x="3" y="3" width="18" height="18" rx="1"/><path d="M10 8h8M10 12h8M10 16h8"/><g fill="currentColor"><circle cx="6.500" cy="8" r=".8"/><circle cx="6.500" cy="12" r=".8"/><circle cx="6.500" cy="16" r=".8"/></g>`,
	"text":      `<path d="M4 6V4h16v2M12 4v16M9 20h6"/>`,
	"container": `<rect x="3" y="7" width="18" height="14" rx="1"/><path fill="currentColor" d="M3 3h7v4H3z"/><path d="M12 3h7v4"/>`,
	"button":    `<rect x="2" y="7" width="20" height="10" rx="4"/><path d="M8 12h8"/>`,
	"menu":      `<path d="M3 6h18M3 12h18M3 18h18"/>`,
	"slider":    `<path d="M3 8h18M3 16h18"/><g fill="currentColor"><circle cx="9" cy="8" r="2.500"/><circle cx="15" cy="16" r="2.500"/></g>`,
	"date":      `<rect x="3" y="5" width="18" height="16" rx="1"/><path d="M3 10h18M8 3v4M16 3v4"/>`,
	"network":   `<path d="M12 8v4M6 16v-4h12v4"/><rect x="9" y="3" width="6" height="5"/><rect x="3" y="16" width="6" height="5"/><rect x="15" y="16" width="6" height="5"/>`,
	"flow":      `<path d="M3 6c9 0 9 12 18 12M3 12c9 0 9-6 18-6M3 18c6 0 6-4 9-4"/>`,
	"funnel":    `<path d="M3 4h18l-3 5H6zM7 11h10l-2 4H9zM10 17h4v4h-4z"/>`,
	"radar":     `<path d="M12 3l9 6.500-3.500 11h-11L3 9.500z"/><path d="M12 8l4 3-1.500 5h-5L8 11z" fill="currentColor"/>`,
	"cloud":     `<path d="M4 8h9M15 8h5M6 12h12M3 16h6M11 16h9"/>`,
	"video":     `<rect x="2" y="5" width="20" height="14" rx="2"/><path fill="currentColor" d="M10 9l5 3-5 3z"/>`,
	"shape":     `<circle cx="9" cy="9" r="6"/><rect x="11" y="11" width="10" height="10"/>`,
	"image":     `<rect x="3" y="4" width="18" height="16" rx="1"/><circle cx="8" cy="9" r="1.500"/><path d="M4 19l6-7 4 4 2-2 5 5"/>`,
	"venn":      `<circle cx="9" cy="12" r="6"/><circle cx="15" cy="12" r="6"/>`,
	"spark":     `<path d="M12 3l2 6 6 2-6 2-2 6-2-6-6-2 6-2z"/>`,
	"other":     `<rect x="4" y="4" width="16" height="16" rx="2" stroke-dasharray="3 3"/><path d="M9 12h6M12 9v6"/>`,
}
