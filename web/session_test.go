package web_test

import (
	"strings"
	"sync"
	"testing"
)

func TestASessionIsACookieThatOnlyTheBrowserHas(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	login := `{"user":"ROOT","password":"` + rootPassword + `"}`
	got := s.as().want(200, "POST", "/api/v1/session", login)
	cookie := got.header.Get("Set-Cookie")
	for _, want := range []string{"qlikcrawler=", "Path=/", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s: %s", want, cookie)
		}
	}
	cookie = s.as("X-Forwarded-Proto", "https").want(200, "POST", "/api/v1/session", login).header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-qlikcrawler=") || !strings.Contains(cookie, "; Secure") {
		t.Errorf("over https: %s", cookie)
	}
	secret, _, _ := strings.Cut(strings.TrimPrefix(cookie, "__Host-qlikcrawler="), ";")
	if n := s.count("select count(*) from qlikcrawler.session where hash = $1", []byte(secret)); n != 0 {
		t.Error("the database has the secret itself")
	}
	if s.as("Cookie", "__Host-qlikcrawler="+secret).do("GET", "/api/v1/session", "").status != 401 {
		t.Error("the https session's cookie works without https")
	}
	if strings.Contains(s.log.String(), secret) || strings.Contains(s.log.String(), rootPassword) {
		t.Error("the log has a secret")
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	t.Run("by logging out", func(t *testing.T) {
		who := s.root()
		who.want(200, "GET", "/api/v1/session", "")
		out := who.want(204, "DELETE", "/api/v1/session", "")
		if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("the browser keeps the cookie: %s", out.header.Get("Set-Cookie"))
		}
		who.want(401, "GET", "/api/v1/session", "")
	})
	t.Run("by another login of the browser", func(t *testing.T) {
		who := s.root()
		who.want(200, "POST", "/api/v1/session", `{"user":"root","password":"`+rootPassword+`"}`)
		who.want(401, "GET", "/api/v1/session", "")
	})
	t.Run("without use", func(t *testing.T) {
		who := s.root()
		s.exec("update qlikcrawler.session set seen_at = now() - interval '13 hours'")
		who.want(401, "GET", "/api/v1/session", "")
	})
	t.Run("after their time, used or not", func(t *testing.T) {
		who := s.root()
		if n := s.count("select count(*) from qlikcrawler.session where expires_at between now() + interval '6 days' and now() + interval '7 days'"); n == 0 {
			t.Error("no session ends within 7 days")
		}
		s.exec("update qlikcrawler.session set expires_at = now()")
		who.want(401, "GET", "/api/v1/session", "")
	})
	t.Run("with a new password, but for the one that set it", func(t *testing.T) {
		s.user("pam", `,"password":"first words of hers"`)
		s.exec("update qlikcrawler.account set password = (select password from qlikcrawler.account where name = 'root') where name = 'pam'")
		one, other := s.login("pam", rootPassword, "192.0.2.7"), s.login("pam", rootPassword, "192.0.2.8")
		one.want(422, "PUT", "/api/v1/session/password", `{"old":"wrong wrong wrong","new":"another long one"}`)
		one.want(422, "PUT", "/api/v1/session/password", `{"old":"`+rootPassword+`","new":"short"}`)
		one.want(204, "PUT", "/api/v1/session/password", `{"old":"`+rootPassword+`","new":"another long one"}`)
		one.want(200, "GET", "/api/v1/session", "")
		other.want(401, "GET", "/api/v1/session", "")
		s.login("pam", "another long one", "192.0.2.8")
	})
	t.Run("with their user", func(t *testing.T) {
		root := s.root()
		s.user("dan", `,"password":"first words of his"`)
		dan := s.login("dan", "first words of his", "192.0.2.9")
		root.want(200, "PATCH", "/api/v1/users/dan", `{"disabled":true}`)
		dan.want(401, "GET", "/api/v1/session", "")
		s.as().want(401, "POST", "/api/v1/session", `{"user":"dan","password":"first words of his"}`)
		root.want(200, "PATCH", "/api/v1/users/dan", `{"disabled":false}`)
		dan.want(401, "GET", "/api/v1/session", "")
	})
}

func TestGuessesAreSlowedDownButNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	s.login("root", rootPassword, "192.0.2.1") // where root has been before
	wrong := `{"user":"root","password":"guess"}`
	for range 5 {
		s.as("X-Forwarded-For", "203.0.113.5").want(401, "POST", "/api/v1/session", wrong)
	}
	slow := s.as("X-Forwarded-For", "203.0.113.5").want(429, "POST", "/api/v1/session", wrong)
	if slow.header.Get("Retry-After") == "" || !strings.Contains(slow.body, `"cure"`) {
		t.Errorf("no word of how long to wait: %v %s", slow.header, slow.body)
	}
	s.as("X-Forwarded-For", "203.0.113.5").want(429, "POST", "/api/v1/session", `{"user":"root","password":"`+rootPassword+`"}`)

	// Many machines guess at root: elsewhere root waits, too, but not where root has been before.
	s.exec(`insert into qlikcrawler.login_failure values ('user root', 500, now()) on conflict (subject) do update set failures = 500, last_at = now()`)
	s.as("X-Forwarded-For", "198.51.100.3").want(429, "POST", "/api/v1/session", `{"user":"root","password":"`+rootPassword+`"}`)
	root := s.login("root", rootPassword, "192.0.2.1")

	// One machine guesses at many.
	s.exec(`insert into qlikcrawler.login_failure values ('address 198.51.100.77', 500, now())`)
	s.as("X-Forwarded-For", "198.51.100.77").want(429, "POST", "/api/v1/session", `{"user":"nobody","password":"x"}`)

	// The longest wait is five minutes; a quarter of an hour forgets.
	s.exec(`update qlikcrawler.login_failure set last_at = now() - interval '301 seconds'`)
	s.login("root", rootPassword, "203.0.113.5")
	s.exec(`update qlikcrawler.login_failure set last_at = now()`)
	s.as("X-Forwarded-For", "198.51.100.4").want(429, "POST", "/api/v1/session", wrong)
	root.want(201, "POST", "/api/v1/users", `{"name":"second","role":"admin","password":"another admin's words"}`)
	s.login("second", "another admin's words", "192.0.2.1").want(204, "PUT", "/api/v1/users/root/password", `{"password":"`+rootPassword+` new"}`)
	s.login("root", rootPassword+" new", "198.51.100.4")
}

func TestGuessesAtTheSameTimeAreNoMoreThanGuessesInTurn(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	const guesses = 40
	answers := make([]int, guesses)
	var all sync.WaitGroup
	for i := range guesses {
		all.Go(func() {
			answers[i] = s.as("X-Forwarded-For", "203.0.113.5").do("POST", "/api/v1/session", `{"user":"root","password":"guess"}`).status
		})
	}
	all.Wait()
	wrong := 0
	for _, status := range answers {
		switch status {
		case 401:
			wrong++
		case 429:
		default:
			t.Errorf("an answer of %d", status)
		}
	}
	// Five are free; a slow machine may be at it long enough for the pauses of 1 and 2 seconds to end.
	if wrong < 5 || wrong > 7 {
		t.Errorf("%d of %d guesses at the same time were answered; want 5", wrong, guesses)
	}
	if n := s.count("select failures from qlikcrawler.login_failure where subject = 'user root from 203.0.113.5'"); n != wrong {
		t.Errorf("%d failures are counted, %d guesses were answered", n, wrong)
	}

	// Right passwords leave nothing behind.
	s.exec("delete from qlikcrawler.login_failure")
	for range 12 {
		s.login("root", rootPassword, "192.0.2.60")
	}
	if n := s.count("select coalesce(sum(failures), 0) from qlikcrawler.login_failure"); n != 0 {
		t.Errorf("%d failures are counted after logins that went well", n)
	}
}

func TestAWrongUserAndAWrongPasswordLookTheSame(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	user := s.as("X-Request-Id", "x").want(401, "POST", "/api/v1/session", `{"user":"nobody","password":"guess"}`)
	password := s.as("X-Request-Id", "x").want(401, "POST", "/api/v1/session", `{"user":"root","password":"guess"}`)
	if user.body != password.body {
		t.Errorf("they differ:\n%s\n%s", user.body, password.body)
	}
}

func TestAPageOfAnotherSiteCanChangeNothing(t *testing.T) {
	t.Parallel()
	s := newService(t, nil)
	root := s.root()
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-site"}} {
		if got := root.want(403, "POST", "/api/v1/users", `{"name":"eve","role":"admin"}`, headers...); !strings.Contains(got.header.Get("Content-Type"), "problem+json") {
			t.Errorf("%v: %s", headers, got.body)
		}
	}
	root.want(201, "POST", "/api/v1/users", `{"name":"adam"}`, "Sec-Fetch-Site", "same-origin")
}
