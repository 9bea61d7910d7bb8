package qix

import (
	"encoding/json"
	"fmt"
)

// maxTreeDepth is deeper than any app nests its objects and keeps a hostile tree off the stack.
const maxTreeDepth = 1000

// A PropertyTree is an object's properties and those of all objects below it.
type PropertyTree struct {
	// Property is a part of the message that it came in, null if it isn't there. Its brackets
	// match, but whether it is JSON inside only decoding it will tell.
	Property json.RawMessage `json:"qProperty"`
	Children []PropertyTree  `json:"qChildren"`
}

// decodeTreeResult reads the result of GetFullPropertyTree.
func decodeTreeResult(result []byte) (PropertyTree, error) {
	entry, err := pick(result, "qPropEntry")
	if err != nil || isNull(entry) {
		return PropertyTree{Property: json.RawMessage("null")}, err
	}
	return decodeTree(entry)
}

// decodeTree reads a qPropEntry in one pass and without copying: trees are the largest answers
// there are, and their properties will be decoded by whoever asked.
func decodeTree(data []byte) (PropertyTree, error) {
	tree, end, err := readTree(data, skipSpace(data, 0), 0)
	if err == nil && skipSpace(data, end) < len(data) {
		err = fmt.Errorf("byte %d: more after the end", end)
	}
	return tree, err
}

func readTree(data []byte, i, depth int) (tree PropertyTree, end int, err error) {
	defer func() {
		if tree.Property == nil {
			tree.Property = json.RawMessage("null")
		}
	}()
	if depth > maxTreeDepth {
		return tree, 0, fmt.Errorf("byte %d: objects nested more than %d deep", i, maxTreeDepth)
	}
	if i < len(data) && data[i] == 'n' { // null: an entry without members
		end, err = skipValue(data, i)
		return tree, end, err
	}
	end, err = walkObject(data, i, func(key []byte, i int) (int, error) {
		switch string(key) {
		case "qProperty":
			end, err := skipValue(data, i)
			if err == nil {
				tree.Property = data[i:end:end]
			}
			return end, err
		case "qChildren":
			var end int
			var err error
			tree.Children, end, err = readChildren(data, i, depth+1)
			return end, err
		}
		return skipValue(data, i) // snapshots: they hold data (facts C.8)
	})
	return tree, end, err
}

func readChildren(data []byte, i, depth int) (children []PropertyTree, end int, err error) {
	if i < len(data) && data[i] == 'n' {
		end, err = skipValue(data, i)
		return nil, end, err
	}
	end, err = walkList(data, i, '[', ']', func(i int) (int, error) {
		child, end, err := readTree(data, i, depth)
		children = append(children, child)
		return end, err
	})
	return children, end, err
}
