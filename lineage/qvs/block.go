package qvs

// A block is a list of statements, some of which hold blocks themselves.
type block []stmt

// A stmt is a statement; a control statement has its branches.
type stmt struct {
	raw
	branches []branch // of IF, SWITCH, FOR, DO and SUB
	tail     raw      // NEXT or LOOP: the statement that ends it
}

// A branch is what one IF, ELSEIF, ELSE, CASE, DEFAULT leads to, or the body of a loop or SUB.
type branch struct {
	head raw
	body block
}

// maxNesting bounds how deep control statements may nest.
const maxNesting = 500

// A frame is a control statement that isn't ended yet.
type frame struct {
	s    stmt
	body block // of the last branch
}

// A builder puts the split statements together.
type builder struct {
	src      string
	top      block
	open     []frame
	deeper   int // control statements beyond maxNesting that aren't ended
	elseIfs  bool
	complain func(offset int, what, why, kind string)
}

// blocks splits a text and builds its tree. It never fails: what doesn't fit is told and left out.
func blocks(s string, complain func(offset int, what, why, kind string)) block {
	b := builder{src: s, complain: complain}
	list := splitAll(s)
	b.top = make(block, 0, len(list))
	b.elseIfs = looseElseIfs(s, list)
	for i := 0; i < len(list); i++ {
		r := list[i]
		if b.elseIfs && r.keyword == "ELSE" && i+1 < len(list) && elseIf(s, r, list[i+1]) {
			i++
			r = list[i]
			r.keyword = "ELSEIF"
		}
		b.add(r)
	}
	for len(b.open) > 0 {
		f := b.open[len(b.open)-1]
		b.complain(f.s.start, head(s, f.s.raw), "This "+f.s.keyword+" is never ended.", "syntax")
		b.close(raw{start: len(s), end: len(s)})
	}
	return b.top
}

func splitAll(s string) []raw {
	p := splitter{s: s}
	list := make([]raw, 0, len(s)/120+4)
	for {
		r, ok := p.next()
		if !ok {
			return list
		}
		list = append(list, r)
	}
}

// elseIf tells whether an ELSE and the IF behind it stand on one line.
func elseIf(s string, e, i raw) bool {
	return i.keyword == "IF" && lineEnd(s, e.start) >= i.start
}

// looseElseIfs tells whether ELSE IF is meant as ELSEIF: the script has too few END IFs.
func looseElseIfs(s string, list []raw) bool {
	ifs, ends, loose := 0, 0, 0
	for i, r := range list {
		switch r.keyword {
		case "IF":
			ifs++
		case "ENDIF":
			ends++
		case "ELSE":
			if i+1 < len(list) && elseIf(s, r, list[i+1]) {
				loose++
			}
		}
	}
	return loose > 0 && ifs-ends >= loose
}

// ends says which statement ends which.
func ends(keyword string) string {
	switch keyword {
	case "IF":
		return "ENDIF"
	case "SWITCH":
		return "ENDSWITCH"
	case "SUB":
		return "ENDSUB"
	case "FOR":
		return "NEXT"
	case "DO":
		return "LOOP"
	}
	return ""
}

func (b *builder) add(r raw) {
	if r.kind != control {
		b.put(stmt{raw: r})
		return
	}
	switch r.keyword {
	case "IF", "SWITCH", "FOR", "DO", "SUB":
		b.begin(r)
	case "ELSEIF", "ELSE":
		b.another(r, "IF")
	case "CASE", "DEFAULT":
		b.another(r, "SWITCH")
	case "ENDIF", "ENDSWITCH", "ENDSUB", "NEXT", "LOOP":
		b.end(r)
	default:
		b.put(stmt{raw: r})
	}
}

func (b *builder) put(s stmt) {
	if n := len(b.open); n > 0 {
		b.open[n-1].body = append(b.open[n-1].body, s)
		return
	}
	b.top = append(b.top, s)
}

func (b *builder) begin(r raw) {
	if len(b.open) >= maxNesting {
		if b.deeper == 0 {
			b.complain(r.start, head(b.src, r), "Control statements are nested too deep; what is below is read as if it stood without them.", "limit")
		}
		b.deeper++
		return
	}
	b.open = append(b.open, frame{s: stmt{raw: r, branches: []branch{{head: r}}}})
}

// another begins the next branch of the innermost statement, if that is of the kind.
func (b *builder) another(r raw, of string) {
	if b.deeper > 0 {
		return
	}
	if n := len(b.open); n > 0 && b.open[n-1].s.keyword == of {
		f := &b.open[n-1]
		f.s.branches[len(f.s.branches)-1].body = f.body
		f.s.branches = append(f.s.branches, branch{head: r})
		f.body = nil
		return
	}
	b.complain(r.start, head(b.src, r), "There is no "+of+" that this belongs to.", "syntax")
}

func (b *builder) end(r raw) {
	if b.deeper > 0 {
		b.deeper--
		return
	}
	for i := len(b.open) - 1; i >= 0; i-- {
		if ends(b.open[i].s.keyword) != r.keyword {
			continue
		}
		for len(b.open) > i+1 {
			f := b.open[len(b.open)-1]
			b.complain(f.s.start, head(b.src, f.s.raw), "This "+f.s.keyword+" is never ended.", "syntax")
			b.close(r)
		}
		b.close(r)
		return
	}
	b.complain(r.start, head(b.src, r), "There is nothing that this ends.", "syntax")
}

// close ends the innermost open statement.
func (b *builder) close(r raw) {
	n := len(b.open) - 1
	f := b.open[n]
	b.open = b.open[:n]
	f.s.branches[len(f.s.branches)-1].body = f.body
	f.s.tail = r
	b.put(f.s)
}

// head is the beginning of a statement, for messages.
func head(s string, r raw) string { return short(s[r.start:r.end]) }
