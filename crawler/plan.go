package crawler

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// A Plan is what a crawl will do.
type Plan struct {
	Fetch     []connector.Listed // new, changed, or not whole last time
	Retire    []catalog.Key      // known, and no longer listed
	Missing   []string           // asked for by a selected crawl, and not listed
	Unchanged int
}

// A Past is what earlier runs left in the catalog.
type Past struct {
	Known    map[catalog.Key]string // the live units with their versions; "" for one with gaps
	Finished map[catalog.Key]bool   // of a full run that goes on where another ended early: see Store
}

// has reports whether a unit needn't be read: the catalog has this very version of it.
func (p Past) has(mode catalog.Mode, l connector.Listed) bool {
	version := p.Known[l.Unit.Key]
	return version != "" && version == l.Version && (mode == catalog.Delta || p.Finished[l.Unit.Key])
}

// MakePlan is pure: what to do, given what was asked, what the source lists and what the catalog
// knows. limit is the share of the known units that may be retired without a person's word; an
// empty listing never goes without.
func MakePlan(run catalog.Run, listed []connector.Listed, past Past, limit float64) (Plan, error) {
	if run.Mode == catalog.Selected {
		return planSelected(run, listed), nil
	}
	var p Plan
	seen := make(map[catalog.Key]bool, len(listed))
	for _, l := range listed {
		seen[l.Unit.Key] = true
		if past.has(run.Mode, l) {
			p.Unchanged++
			continue
		}
		p.Fetch = append(p.Fetch, l)
	}
	for k := range past.Known {
		if !seen[k] {
			p.Retire = append(p.Retire, k)
		}
	}
	slices.Sort(p.Retire)
	most := float64(len(p.Retire)) > limit*float64(len(past.Known))
	if !run.AllowMassRetire && (most || len(listed) == 0 && len(p.Retire) > 0) {
		return Plan{}, massRetire(len(p.Retire), len(past.Known), limit)
	}
	return p, nil
}

// massRetire is the brake: an account that lost its rights looks exactly like an emptied server.
func massRetire(gone, known int, limit float64) error {
	why := fmt.Sprintf("more than the %.0f %% that may go without being asked", limit*100)
	if gone == known {
		why = "all of them: an empty listing is taken for a mistake"
	}
	return &catalog.Error{
		Code: catalog.CodeConflict, Op: "plan the crawl",
		Err:  fmt.Errorf("%d of the %d apps that the catalog knows are not in the listing, %s; nothing was retired", gone, known, why),
		Cure: "check that the account still sees the streams it should, and what include_ and exclude_ options leave out; if the apps are really gone, crawl once with --allow-mass-retire",
	}
}

func planSelected(run catalog.Run, listed []connector.Listed) Plan {
	var p Plan
	found := map[string]bool{}
	for _, l := range listed {
		id := unitID(l.Unit.Key)
		hit := false
		for _, want := range run.Apps {
			if strings.EqualFold(want, id) || want == l.Unit.Name || want == string(l.Unit.Key) {
				hit, found[want] = true, true
			}
		}
		for _, want := range run.Groups {
			if slices.Contains(l.Groups, want) {
				hit, found[string(want)] = true, true
			}
		}
		if hit {
			p.Fetch = append(p.Fetch, l)
		}
	}
	for _, want := range run.Apps {
		if !found[want] {
			p.Missing = append(p.Missing, want)
		}
	}
	for _, want := range run.Groups {
		if !found[string(want)] {
			p.Missing = append(p.Missing, string(want))
		}
	}
	return p
}

// unitID is the source's own id of a unit: the last part of its key.
func unitID(k catalog.Key) string {
	s := string(k)
	return s[strings.LastIndexByte(s, '/')+1:]
}

// notListed is the outcome of something that was asked for and isn't there.
func notListed(what string) error {
	return &catalog.Error{
		Code: catalog.CodeNotFound, Op: "find " + what,
		Err:  errors.New("the site lists no such app or report group for this account"),
		Cure: "check the id, and that the account may see it",
	}
}
