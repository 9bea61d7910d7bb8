package document

import (
	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector"
)

// scheduleKeys are the form of the key schedule.
type scheduleKeys struct {
	Cron      string `json:"cron"`
	TimeZone  string `json:"time_zone"`
	Mode      string `json:"mode"`
	FullEvery int    `json:"full_every"`
	Enabled   bool   `json:"enabled"`
}

// schedule reads the key schedule, if the tree has it.
func (r Reader) schedule(tree map[string]any) (*catalog.Schedule, connector.FieldErrors) {
	given, ok := tree["schedule"]
	if !ok || given == nil {
		return nil, nil
	}
	keys := struct {
		Schedule scheduleKeys `json:"schedule"`
	}{scheduleKeys{Enabled: true}}
	errs := connector.DecodeSettings(map[string]any{"schedule": given}, &keys)
	if told(errs, "schedule") {
		return nil, errs // it is no group of keys
	}
	k := keys.Schedule
	s := &catalog.Schedule{Cron: k.Cron, TimeZone: k.TimeZone, Mode: catalog.Mode(k.Mode), FullEvery: k.FullEvery, Enabled: k.Enabled}
	if r.CheckSchedule == nil {
		errs.Add("schedule", "can't be set here")
		return nil, errs
	}
	for _, e := range r.CheckSchedule(s) {
		if e.Path = "schedule." + e.Path; !told(errs, e.Path) {
			errs = append(errs, e)
		}
	}
	return s, errs
}

// scheduleTree is the inverse of schedule.
func scheduleTree(s catalog.Schedule) map[string]any {
	return map[string]any{
		"cron": s.Cron, "time_zone": s.TimeZone, "mode": string(s.Mode), "full_every": s.FullEvery, "enabled": s.Enabled,
	}
}
