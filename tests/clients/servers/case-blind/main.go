// A stdio MCP server whose messages encoding/json reads: names of members in any case, the last one counts.
//
//	echo {message}  says it back
//	line {}         says back, as base64, the line that it was called by, as it arrived
//	delete_all {}   what no restricted caller may do
//	ran {}          says which tools have run, by name
//
// A tenant in _meta gets a list of tools with one of its own.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
)

type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string `json:"name"`
		URI       string `json:"uri"`
		Arguments struct {
			Message string `json:"message"`
		} `json:"arguments"`
		Task json.RawMessage `json:"task"`
		Meta struct {
			Tenant string `json:"tenant"`
		} `json:"_meta"`
	} `json:"params"`
}

type object map[string]any

var ran []string

func answer(id json.RawMessage, result object) {
	line, _ := json.Marshal(object{"jsonrpc": "2.0", "id": id, "result": result})
	os.Stdout.Write(append(line, '\n'))
}

func text(words string) object {
	return object{"content": []object{{"type": "text", "text": words}}}
}

func call(m message, line []byte) object {
	name := m.Params.Name
	ran = append(ran, name)
	if len(m.Params.Task) > 0 {
		return object{"task": object{"taskId": "T", "status": "working"}}
	}
	switch name {
	case "line":
		return text(base64.StdEncoding.EncodeToString(line))
	case "ran":
		return text(strings.Join(ran, " "))
	case "delete_all":
		return text("deleted all")
	}
	return text(m.Params.Arguments.Message)
}

func handle(line []byte) {
	var m message
	if json.Unmarshal(line, &m) != nil || len(m.ID) == 0 {
		return
	}
	switch m.Method {
	case "initialize":
		answer(m.ID, object{
			"protocolVersion": "2025-11-25",
			"capabilities":    object{"tools": object{"listChanged": true}, "resources": object{}, "tasks": object{}},
			"serverInfo":      object{"name": "case-blind", "version": "1"},
		})
	case "tools/call":
		answer(m.ID, call(m, line))
	case "tools/list":
		var tools []object
		names := []string{"echo", "line", "delete_all", "ran"}
		if m.Params.Meta.Tenant != "" {
			names = append(names, "of_"+m.Params.Meta.Tenant)
		}
		for _, name := range names {
			tools = append(tools, object{"name": name, "inputSchema": object{"type": "object"}})
		}
		answer(m.ID, object{"tools": tools})
	case "resources/read":
		answer(m.ID, object{"contents": []object{{"uri": m.Params.URI, "text": "read " + m.Params.URI}}})
	default:
		answer(m.ID, object{})
	}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			handle(line[:len(line)-1])
		}
		if err != nil {
			return
		}
	}
}
