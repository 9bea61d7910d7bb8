package connector

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// maxPacked bounds a packed unit, in bytes. What a listing says of one unit is far from it.
const maxPacked = 1 << 20

// A packed unit is a listed one on its way to another process.
type packedUnit[T any] struct {
	Form    int           `json:"form"`
	Key     catalog.Key   `json:"key"`
	Name    string        `json:"name"`
	Version string        `json:"version"`
	Groups  []catalog.Key `json:"groups"`
	Source  T             `json:"source"`
}

// Pack is what a Packer's method of that name gives: the listed unit with what the source must know of it, as
// JSON. The form is the source's own number, raised when its part means something else.
func Pack[T any](form int, l Listed, source T) ([]byte, error) {
	packed, err := json.Marshal(packedUnit[T]{form, l.Unit.Key, l.Unit.Name, l.Version, l.Groups, source})
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", l.Unit.Key, err)
	}
	if len(packed) > maxPacked {
		return nil, &catalog.Error{
			Code: catalog.CodeTooLarge, Op: "pack", Key: l.Unit.Key,
			Err: fmt.Errorf("the listing says %d bytes of it, more than %d", len(packed), maxPacked),
		}
	}
	return packed, nil
}

// Unpack reads what Pack made. What has another form, since a process of another version of this program listed
// it, is refused: the next crawl reads it. The source puts its own part into Listed.Source.
func Unpack[T any](form int, packed []byte) (Listed, T, error) {
	var p packedUnit[T]
	err := json.Unmarshal(packed, &p)
	if err == nil && p.Form != form {
		err = errors.New("it was listed by another version of this program")
	}
	if err != nil {
		return Listed{}, p.Source, &catalog.Error{
			Code: catalog.CodeInternal, Op: "unpack", Key: p.Key, Err: err,
			Cure: "Crawl again: processes of one version only should share a crawl.",
		}
	}
	return Listed{Unit: catalog.Unit{Key: p.Key, Name: p.Name}, Version: p.Version, Groups: p.Groups}, p.Source, nil
}
