package unbuilt

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// The names of the steps after those of the folders, which are called "folder NAME".
const (
	stepListing = "listing"
	stepApps    = "apps"
)

// maxNamed is how many apps one step names that can't be read.
const maxNamed = 5

// Check looks into each folder, lists the apps and reads every one of them.
func (s *site) Check(ctx context.Context) iter.Seq[connector.Step] {
	return func(yield func(connector.Step) bool) {
		run := func(name, title, key string, do func() (string, error)) (ok, more bool) {
			began := time.Now()
			step := connector.Step{Name: name, Title: title, Status: connector.StepOK}
			if step.Detail, step.Err = do(); step.Err != nil {
				step.Status, step.Key = connector.StepFailed, key
			}
			step.Took = time.Since(began)
			return step.Err == nil, ctx.Err() == nil && yield(step)
		}
		readable := true
		for _, f := range s.cfg.Folders {
			ok, more := run("folder "+f.Name, "Look into "+f.Path, f.Key, func() (string, error) { return s.checkFolder(ctx, f) })
			if readable = readable && ok; !more {
				return
			}
		}
		if !readable {
			for _, step := range []connector.Step{{Name: stepListing, Title: titleListing}, {Name: stepApps, Title: titleApps}} {
				step.Status, step.Detail = connector.StepSkipped, "a folder can't be crawled"
				if !yield(step) {
					return
				}
			}
			return
		}
		var listed []connector.Listed
		if _, more := run(stepListing, titleListing, "", func() (detail string, err error) {
			listed, err = connector.Collect(s.Units(ctx))
			if err == nil && len(listed) == 0 {
				err = &catalog.Error{
					Code: catalog.CodeNotFound, Op: "list apps", Err: errNoApp,
					Cure: "Look at options.include_apps and options.exclude_apps: they leave out all of them.",
				}
			}
			return counted(len(listed), "app"), err
		}); !more {
			return
		}
		run(stepApps, titleApps, "", func() (string, error) { return s.checkApps(ctx, listed) })
	}
}

const (
	titleListing = "List the apps"
	titleApps    = "Read every app"
)

func (s *site) checkFolder(ctx context.Context, f folder) (string, error) {
	places, err := s.findIn(ctx, f)
	if err == nil && len(places) == 0 {
		err = errNoApp
	}
	if err != nil {
		return "", explainFolder(f, err)
	}
	groups := map[string]bool{}
	for _, p := range places {
		groups[p.group()] = true
	}
	return fmt.Sprintf("%s in %s", counted(len(places), "app"), counted(len(groups), "folder")), nil
}

// checkApps reads every app, and names those that can't be read in full.
func (s *site) checkApps(ctx context.Context, listed []connector.Listed) (string, error) {
	var wrong []error
	sheets, scripts, models := 0, 0, 0
	for _, l := range listed {
		snap, err := s.Fetch(ctx, l)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		for _, g := range snap.Gaps {
			wrong = append(wrong, g.Err)
		}
		for _, r := range snap.Reports {
			if r.Kind == catalog.ReportSheet {
				sheets++
			}
		}
		scripts += min(len(snap.Sources), 1)
		models += min(len(snap.Columns), 1)
	}
	found := fmt.Sprintf("%s; a script in %d of %s, a data model in %d", counted(sheets, "sheet"), scripts, counted(len(listed), "app"), models)
	if len(wrong) == 0 {
		return found, nil
	}
	return found, severalErrors(wrong)
}

// severalErrors is one error of some, with the first one's code and cure.
func severalErrors(all []error) error {
	texts := make([]string, 0, maxNamed+1)
	for i, err := range all {
		if i == maxNamed {
			texts = append(texts, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		texts = append(texts, err.Error())
	}
	return &catalog.Error{
		Code: catalog.CodeOf(all[0]), Op: "read " + counted(len(all), "file"), Cure: catalog.CureOf(all[0]),
		Err: fmt.Errorf("%s", strings.Join(texts, "\n")),
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
