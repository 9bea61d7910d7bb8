package qliktest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// variableMethods are the methods of a variable (facts C.5).
func variableMethods() map[string]method {
	ms := map[string]method{
		"GetLayout":     {call: (*call).getLayout},
		"GetProperties": {call: (*call).getProperties},
		"GetInfo":       {call: (*call).getInfo},
		"GetRawContent": {whole: true, call: func(c *call) (structure, *rpcError) {
			return structure{{"qReturn", text(c.node.props, "qDefinition")}}, nil
		}},
	}
	for _, name := range []string{"SetProperties", "ApplyPatches", "SetStringValue", "SetNumValue", "SetDualValue"} {
		ms[name] = method{needs: Update, call: (*call).notSimulated}
	}
	return ms
}

// getVariables lists variables; reserved and configuration ones when asked (facts C.5).
func (c *call) getVariables() (structure, *rpcError) {
	def, err := c.obj("qListDef")
	if err != nil {
		return nil, err
	}
	return structure{{"qList", c.variableItems(def)}}, nil
}

func (c *call) variableList(def json.RawMessage) document { return listed(c.variableItems(def)) }

// variableItems lists the variables that a definition asks for (facts C.7).
func (c *call) variableItems(def json.RawMessage) list {
	reserved := string(get(def, "qShowReserved")) == "true"
	config := string(get(def, "qShowConfig")) == "true"
	items := list{}
	for _, n := range c.doc.variables {
		v := n.variable
		if v.Reserved && !reserved || v.Config && !config {
			continue
		}
		items = append(items, structure{
			{"qName", text(n.props, "qName")},
			{"qDescription", text(n.props, "qComment")},
			{"qDefinition", text(n.props, "qDefinition")},
			{"qIsConfig", v.Config},
			{"qIsReserved", v.Reserved},
			{"qIsScriptCreated", v.ScriptCreated},
			{"qMeta", c.meta(n)},
			{"qInfo", n.info()},
			{"qData", c.project(n, get(def, "qData"))},
		})
	}
	return items
}

// variableLayout gives a variable's value: the text of its definition, evaluated when it starts with
// an equals sign, and the number that it is (facts C.8).
func (c *call) variableLayout(n *node) document {
	value := evaluated(text(n.props, "qDefinition"))
	num, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		num = math.NaN()
	}
	return document{{"qInfo", n.info()}, {"qMeta", c.meta(n)}, {"qText", value}, {"qNum", num}}
}
