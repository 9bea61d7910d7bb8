package demo

import "time"

// A sitePlan is what site.json says.
type sitePlan struct {
	Users       []userPlan
	Tags        []string
	Properties  []propertyPlan
	Streams     []streamPlan
	Connections []connectionPlan
	Apps        []appPlan
}

type userPlan struct {
	Account       string // DIRECTORY\user
	Name, Email   string
	Groups, Roles []string
	Removed       bool
}

type propertyPlan struct {
	Name, Description    string
	Choices, ObjectTypes []string
}

type streamPlan struct {
	ID, Name, Owner string
	Created         time.Time
	Tags            []string
	Properties      map[string][]string
	Readers         *[]string // none named: everyone
}

type connectionPlan struct {
	Name, Type, String, Username string
	Tags                         []string
}

type appPlan struct {
	Folder, Owner string
	Stream        string // "" for a personal app
	Tags          []string
	Properties    map[string][]string
	SectionUsers  []string             // who gets past section access, if there is any
	Sheets        map[string]sheetPlan // those that aren't base sheets, by id
	Task          string               // "finished", "failed" or "never" run; "" for no task
}

type sheetPlan struct {
	Owner string
	State string // "community" or "private"
}
