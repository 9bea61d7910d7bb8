package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// A Key is the natural identity of a thing in its source, the same on every crawl, such as
// "qlik-prod/0c4b…/xYz" (contract §3). Keys are built by the constructors below and by nothing else:
// they percent-encode "/" and "%" inside every part. The empty Key means "none".
type Key string

// MaxKey is how many bytes a key may have: what Postgres can index, with some room. Only a name of the
// data model can come near it: a field that the script doesn't name is called by its whole expression.
const MaxKey = 2600

var escaper = strings.NewReplacer("%", "%25", "/", "%2F")

func makeKey(parts ...string) Key {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(escaper.Replace(p))
	}
	return Key(b.String())
}

// child appends parts to a key that is already encoded.
func (k Key) child(parts ...string) Key { return k + "/" + makeKey(parts...) }

// Contains reports whether other is k itself or a thing under it.
func (k Key) Contains(other Key) bool {
	return k == other || strings.HasPrefix(string(other), string(k)+"/")
}

// StreamKey is the report group of a stream.
func StreamKey(connection, id string) Key { return makeKey(connection, "stream", id) }

// AppGroupKey is the report group of an app's sheets.
func AppGroupKey(connection, app string) Key { return makeKey(connection, "app", app) }

// PersonalKey is the report group of a person's own apps; owner is the QRS owner.id, a GUID.
func PersonalKey(connection, owner string) Key { return makeKey(connection, "personal", owner) }

// AppKey is an app as a report: the unit of a crawl. All keys of what hangs on an app start with it.
func AppKey(connection, app string) Key { return makeKey(connection, app) }

// SheetKey is a sheet of an app, by its engine object id.
func SheetKey(app Key, sheet string) Key { return app.child(sheet) }

// CellKey is an object on a sheet, nested ones too: they all stand directly under the sheet.
func CellKey(sheet Key, cell string) Key { return sheet.child(cell) }

// ItemKey is a master item, a master object or a variable of an app.
func ItemKey(app Key, id string) Key { return app.child(id) }

// InlineMeasureKey is the n-th measure of a cell, from 0 in the order of contract §3.
func InlineMeasureKey(cell Key, n int) Key { return cell.child("measure", strconv.Itoa(n)) }

// InlineDimensionKey is the n-th dimension of a cell, from 0 in the order of contract §3.
func InlineDimensionKey(cell Key, n int) Key { return cell.child("dimension", strconv.Itoa(n)) }

// ScriptKey is the load script of an app.
func ScriptKey(app Key) Key { return app.child("script") }

// ModelTableKey is a table of an app's data model.
func ModelTableKey(app Key, name string) Key { return app.child("table", name) }

// ModelFieldKey is a field of an app's data model.
func ModelFieldKey(app Key, name string) Key { return app.child("field", name) }

// ScriptTableKey is a table that an app's load script makes.
func ScriptTableKey(app Key, table string) Key {
	return app.child("script") + "/" + Key(outerEscaper.Replace(escaper.Replace(table)))
}

// DatasetKey is something outside of Qlik, by OpenLineage's namespace and name.
func DatasetKey(namespace, name string) Key {
	name = strings.ReplaceAll(strings.TrimPrefix(name, "/"), "%", "%25")
	return shorten(Key(DatasetPrefix + namespace + "/" + outerEscaper.Replace(name)))
}

// ColumnKey is a column of a dataset or a field of a script table.
func ColumnKey(table Key, column string) Key {
	return shorten(table + "#" + Key(escaper.Replace(column)))
}

// outerEscaper encodes what parts a table from its columns.
var outerEscaper = strings.NewReplacer("#", "%23")

// shorten keeps a key below MaxKey, and different from every other.
func shorten(k Key) Key {
	if len(k) <= MaxKey {
		return k
	}
	sum := sha256.Sum256([]byte(k))
	return Key(strings.ToValidUTF8(string(k[:MaxKey-40]), "")) + "~" + Key(hex.EncodeToString(sum[:16]))
}

// DatasetPrefix is what the keys of datasets and their columns start with, and no other key does.
const DatasetPrefix = "dataset:"

// Outside reports whether the key is that of a dataset or of its column.
func (k Key) Outside() bool { return strings.HasPrefix(string(k), DatasetPrefix) }

// Connection is the code of the connection that a key belongs to; "" for datasets.
func (k Key) Connection() string {
	if k.Outside() {
		return ""
	}
	code, _, _ := strings.Cut(string(k), "/")
	return code
}
