package drawing

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-graphviz"
)

// one keeps Graphviz to one caller at a time: it runs in one WebAssembly memory.
var one sync.Mutex

// pixels are an inch of Graphviz.
const pixels = 72.0

// manyBoxes is from where on Graphviz tries less to keep links from crossing: of hundreds nobody follows each, and
// 2,000 boxes take half a second instead of one and a half.
const manyBoxes = 300

// layOut gives each box its place, from left to right as data flows.
func layOut(ctx context.Context, boxes []Box, links []Link) ([]PlacedBox, error) {
	one.Lock()
	defer one.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	g, err := graphviz.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the layout: %w", err)
	}
	defer g.Close()
	graph, err := graphviz.ParseBytes(describe(boxes, links))
	if err != nil {
		return nil, fmt.Errorf("describe the graph: %w", err)
	}
	defer graph.Close()
	var out bytes.Buffer
	if err := g.Render(ctx, graph, "plain", &out); err != nil {
		return nil, fmt.Errorf("lay out: %w", err)
	}
	return places(&out, boxes)
}

// describe writes the graph in Graphviz' language. Boxes are named by their number: no text of ours gets there.
func describe(boxes []Box, links []Link) []byte {
	var b bytes.Buffer
	b.WriteString("digraph{rankdir=LR;splines=false;nodesep=0.22;ranksep=1.1;newrank=true;node[shape=box,fixedsize=true,label=\"\"];\n")
	if len(boxes) > manyBoxes {
		b.WriteString("mclimit=0.1;\n")
	}
	number, groups := map[string]int{}, map[string][]int{}
	var names []string
	for i, box := range boxes {
		number[box.ID] = i
		for _, r := range box.Rows {
			number[r.ID] = i
		}
		fmt.Fprintf(&b, "n%d[width=%.3f,height=%.3f];\n", i, boxWidth/pixels, box.height()/pixels)
		if box.Group != "" {
			if groups[box.Group] == nil {
				names = append(names, box.Group)
			}
			groups[box.Group] = append(groups[box.Group], i)
		}
	}
	for n, name := range names {
		fmt.Fprintf(&b, "subgraph cluster_%d{margin=%d;label=\" \";fontsize=%d;", n, framePad, frameHead)
		for _, i := range groups[name] {
			fmt.Fprintf(&b, "n%d;", i)
		}
		b.WriteString("}\n")
	}
	drawn := map[[2]int]bool{}
	for _, l := range links {
		from, ok := number[l.From]
		to, both := number[l.To]
		if pair := [2]int{from, to}; ok && both && from != to && !drawn[pair] {
			drawn[pair] = true
			fmt.Fprintf(&b, "n%d->n%d;\n", from, to)
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// places reads Graphviz' plain format: "graph scale width height", then "node name x y width height …" with the
// middle of each box in inches from the left lower corner.
func places(out *bytes.Buffer, boxes []Box) ([]PlacedBox, error) {
	placed := make([]PlacedBox, len(boxes))
	height, found := 0.0, 0
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) >= 4 && words[0] == "graph":
			height = inches(words[3])
		case len(words) >= 6 && words[0] == "node":
			i, err := strconv.Atoi(strings.TrimPrefix(words[1], "n"))
			if err != nil || i < 0 || i >= len(boxes) {
				return nil, fmt.Errorf("the layout names a box %q that isn't there", words[1])
			}
			h := boxes[i].height()
			placed[i] = PlacedBox{Box: boxes[i], X: inches(words[2]) - boxWidth/2, Y: height - inches(words[3]) - h/2, W: boxWidth, H: h}
			found++
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if found != len(boxes) {
		return nil, fmt.Errorf("the layout has %d of %d boxes", found, len(boxes))
	}
	return placed, nil
}

func inches(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return f * pixels
}
