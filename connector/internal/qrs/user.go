package qrs

import (
	"context"
	"iter"
	"slices"
	"strings"
)

// A User is an account of the site (facts B.2).
type User struct {
	ID            string `json:"id"`
	UserID        string `json:"userId"`
	UserDirectory string `json:"userDirectory"`
	Name          string `json:"name"`
	Inactive      bool   `json:"inactive"`
	// RemovedExternally: the directory has the account no more (facts G 22).
	RemovedExternally bool            `json:"removedExternally"`
	Roles             []string        `json:"roles"`
	Attributes        []UserAttribute `json:"attributes"`
}

// A UserAttribute is what the directory says of a user.
type UserAttribute struct {
	Type  string `json:"attributeType"`
	Value string `json:"attributeValue"`
}

// Email is the user's address, "" when the directory gave none: it is only in the attributes.
func (u User) Email() string {
	for _, a := range u.Attributes {
		if strings.EqualFold(a.Type, "email") {
			return a.Value
		}
	}
	return ""
}

// usersAtOnce keeps the address below 5 kB, and the answer within the lowest cap that was ever measured
// (facts B.1: 100 rows).
const usersAtOnce = 100

// Users reads the users with these ids, in chunks; those that the user may not see are left out.
// Attributes come only with full objects, and full listings may be cut short silently (facts G 18):
// so people are asked by id, which are the owners of things and not the whole directory.
func (c *Client) Users(ctx context.Context, ids []string) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		for chunk := range slices.Chunk(unique(ids), usersAtOnce) {
			users, err := c.usersByID(ctx, chunk)
			if err != nil {
				yield(User{}, err)
				return
			}
			for _, u := range users {
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

// Account reads the user DIRECTORY\name as the Repository knows him. One that the caller may not see is
// a NotFound error.
func (c *Client) Account(ctx context.Context, directory, name string) (User, error) {
	k := call{op: "read user", method: "GET", path: "/qrs/user/full"}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	k.query = withFilter(nil, "userDirectory eq "+quote(directory)+" and userId eq "+quote(name))
	var users []User
	if err := c.json(ctx, k, &users); err != nil {
		return User{}, err
	}
	for _, u := range users {
		if strings.EqualFold(u.UserDirectory, directory) && strings.EqualFold(u.UserID, name) {
			return u, nil
		}
	}
	return User{}, c.failed(k, 0, NotFound, nil)
}

func (c *Client) usersByID(ctx context.Context, ids []string) ([]User, error) {
	clauses := make([]string, len(ids))
	for i, id := range ids {
		clauses[i] = "id eq " + id
	}
	var users []User
	k := call{op: "list users", path: "/qrs/user/full", query: withFilter(nil, strings.Join(clauses, " or "))}
	err := c.json(ctx, k, &users)
	return users, err
}

// unique sorts ids and leaves out the empty ones and those that could break a filter.
func unique(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool {
		return id == "" || strings.ContainsAny(id, " '\"()")
	})
}
