package journal

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"datahub.io/slipway/release"
)

// A record is a document with a format, a number that rises when an earlier slipway could
// misread what is written now. A line of an earlier format is led to today's, one
// format at a time, before it is decoded; a line of a later one is refused.
//
// Fields may come without a new format where an earlier slipway loses nothing by not
// knowing them: it carries them on, see carry.

// document is a JSON object whose members have not been looked at.
type document map[string]json.RawMessage

// upgrades lead a line from a format to the next one. To change the format: raise
// release.RecordFormat, add the step here, and a line of the old format to
// testdata/formats. A step sees the whole line and names nothing of Go's types, which
// go on changing.
var upgrades = map[int]func(line document) error{
	// Format 2 chains the lines, see encode, and names the way of a canary.
	1: func(line document) error { return line.within("record", nameWay) },
}

// nameWay names the way of a record's canary, which was two marks and the phase.
func nameWay(record document) error {
	if _, ok := record["canary"]; !ok {
		return nil
	}
	return record.within("canary", func(canary document) error {
		way := "forward"
		switch back, phase := string(canary["back"]) == "true", string(record["phase"]); {
		case back && string(canary["rolled"]) == "true":
			way = "undo at once"
		case back:
			way = "undo by weights"
		case phase == `"rolling back"`, phase == `"rolled back"`:
			way = "back"
		}
		delete(canary, "back")
		delete(canary, "rolled")
		canary["way"] = json.RawMessage(`"` + way + `"`)
		return nil
	})
}

// oldestFormat is the first one that was ever written.
const oldestFormat = 1

// upgraded gives the line in today's format. The error is a *FormatError where there is
// no way from the one that it has.
func upgraded(object []byte, format int) ([]byte, error) {
	if format == release.RecordFormat {
		return object, nil
	}
	if format < oldestFormat || format > release.RecordFormat {
		return nil, &FormatError{Found: format}
	}
	var line document
	if err := json.Unmarshal(object, &line); err != nil {
		return nil, fmt.Errorf("not an entry: %w", err)
	}
	for ; format < release.RecordFormat; format++ {
		if err := upgrades[format](line); err != nil {
			return nil, fmt.Errorf("record format %d: %w", format, err)
		}
		err := line.within("record", func(record document) error {
			record["format"] = json.RawMessage(fmt.Sprint(format + 1))
			if _, ok := record["resumes"]; !ok {
				return nil
			}
			return record.within("resumes", func(planned document) error {
				planned["format"] = record["format"]
				return nil
			})
		})
		if err != nil {
			return nil, fmt.Errorf("record format %d: %w", format, err)
		}
	}
	return json.Marshal(line)
}

// within changes the object that a member is.
func (d document) within(name string, change func(document) error) error {
	var inner document
	if err := json.Unmarshal(d[name], &inner); err != nil || inner == nil {
		return fmt.Errorf("%q is no object", name)
	}
	if err := change(inner); err != nil {
		return err
	}
	text, err := json.Marshal(inner)
	d[name] = text
	return err
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// carry gives a document with the members that an earlier one of the same thing has
// and that our type of it does not know: another slipway wrote them, and needs them. An
// object with an "id" is the same thing only with the same one; a list's elements
// without an id are new each time.
func carry(before, now json.RawMessage, of reflect.Type) json.RawMessage {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if len(before) == 0 || reflect.PointerTo(of).Implements(unmarshaler) {
		return now
	}
	switch of.Kind() {
	case reflect.Struct:
		return carryObject(before, now, of)
	case reflect.Slice:
		return carryList(before, now, of.Elem())
	}
	return now
}

func carryObject(before, now json.RawMessage, of reflect.Type) json.RawMessage {
	var old, fresh document
	if json.Unmarshal(before, &old) != nil || json.Unmarshal(now, &fresh) != nil || fresh == nil || string(old["id"]) != string(fresh["id"]) {
		return now
	}
	known, changed := members(of), false
	for name, value := range old {
		if field, ok := known[name]; !ok {
			fresh[name], changed = value, true
		} else if inner, ok := fresh[name]; ok {
			carried := carry(value, inner, field)
			changed = changed || string(carried) != string(inner)
			fresh[name] = carried
		}
	}
	return orElse(now, fresh, changed)
}

func carryList(before, now json.RawMessage, of reflect.Type) json.RawMessage {
	var old, fresh []json.RawMessage
	if json.Unmarshal(before, &old) != nil || json.Unmarshal(now, &fresh) != nil {
		return now
	}
	byID := map[string]json.RawMessage{}
	for _, element := range old {
		if id := idOf(element); id != "" {
			byID[id] = element
		}
	}
	changed := false
	for i, element := range fresh {
		carried := carry(byID[idOf(element)], element, of)
		changed = changed || string(carried) != string(element)
		fresh[i] = carried
	}
	return orElse(now, fresh, changed)
}

func idOf(element json.RawMessage) string {
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(element, &named) // what is no object has no id
	return named.ID
}

func orElse(now json.RawMessage, fresh any, changed bool) json.RawMessage {
	if !changed {
		return now
	}
	text, err := json.Marshal(fresh)
	if err != nil {
		return now
	}
	return text
}

// members gives a struct's JSON members and their types.
func members(of reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(of) {
		if !field.IsExported() || field.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		all[name] = field.Type
	}
	return all
}
