package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/launcher/flags"
	"github.com/go-rod/rod/lib/proto"

	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense/qliktest/demo"
)

// screenshots, in the environment, names a folder for a picture of each page that the test saw.
const screenshots = "QLIKCRAWLER_SCREENSHOTS"

// A visit is a person at a browser before the whole service, with a simulated site beside it.
type visit struct {
	t        testing.TB
	page     *rod.Page
	url      string
	password string

	line  func(http.Handler) http.Handler // what is between the service and the browser; nil: nothing
	pages []string                        // the patterns of all pages that the service has
	axe   string                          // the checker of accessibility, once it was needed
	whole map[string]string               // pages as the server sent them, by address

	mu     sync.Mutex
	faults []string // what the browser complained of
}

// newVisit starts the service on a database of its own, and a browser.
func newVisit(t testing.TB) (*visit, *office) {
	t.Helper()
	bin, found := launcher.LookPath()
	if !found {
		t.Skip("no Chromium or Chrome is installed: the pages are not tried in a real browser")
	}
	o := newOffice(t, nil)
	slow := qliktest.New(t, demo.Site(), qliktest.Options{SlowBy: 1500 * time.Millisecond})
	for _, a := range demo.Site().Apps[:6] {
		slow.Fail(a.ID, qliktest.SlowOpen)
	}
	slow.Fail(demo.Site().Apps[6].ID, qliktest.AccessDenied4000)
	info, err := slow.Info()
	if err != nil {
		t.Fatal(err)
	}
	o.site, o.info = slow, info
	o.app.config.policy.Roots = append(o.app.config.policy.Roots, filepath.Dir(info.CAFile))

	v := &visit{t: t}
	v.serve(o)
	v.open(bin)
	return v, o
}

// serve runs all parts of the service until the test ends.
func (v *visit) serve(o *office) {
	t := v.t
	ctx, stop := context.WithCancel(t.Context())
	service, err := o.app.newService(ctx, o.db, serveFlags{slots: 2, web: webFlags{rate: -1}})
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if _, err := o.app.firstStart(ctx, o.db, &said); err != nil {
		t.Fatal(err)
	}
	v.password = regexp.MustCompile(`password (\S+)`).FindStringSubmatch(said.String())[1]
	ended := make(chan error, 1)
	go func() { ended <- runParts(ctx, service.parts) }()
	site := http.Handler(service.site)
	if v.line != nil {
		site = v.line(site)
	}
	srv := httptest.NewServer(site)
	t.Cleanup(func() {
		close(service.stopping)
		srv.Close()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the service ended with: %v", err)
		}
	})
	v.url, v.pages = srv.URL, service.site.Pages
}

func (v *visit) open(bin string) {
	t := v.t
	l := launcher.New().Bin(bin).NoSandbox(true).Headless(true)
	for _, flag := range []string{"disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		l.Set(flags.Flag(flag))
	}
	control, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(control)
	if err := b.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			l.Kill()
		}
		l.Cleanup()
	})
	page, err := b.Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatal(err)
	}
	v.page = page.Timeout(6 * time.Minute)
	go page.EachEvent(
		func(e *proto.RuntimeExceptionThrown) { v.complain(e.ExceptionDetails.Exception.Description) },
		func(e *proto.LogEntryAdded) {
			if e.Entry.Level == proto.LogLogEntryLevelError && !strings.Contains(e.Entry.Text, "status of 4") {
				v.complain(e.Entry.Text)
			}
		},
		func(e *proto.NetworkRequestWillBeSent) {
			if to := e.Request.URL; !strings.HasPrefix(to, v.url+"/") && !strings.HasPrefix(to, "data:") && !strings.HasPrefix(to, "about:") {
				v.complain("a request to " + to)
			}
		},
		func(e *proto.PageJavascriptDialogOpening) {
			if e.Type != proto.PageDialogTypeConfirm {
				v.complain("a dialog says " + e.Message)
			}
			go func() { _ = proto.PageHandleJavaScriptDialog{Accept: true}.Call(page) }()
		},
	)()
}

func (v *visit) complain(of string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, of)
}

// run does what may fail in the middle of a walk, with the page as it then is.
func (v *visit) run(what string, err error) {
	v.t.Helper()
	if err != nil {
		v.picture("failed")
		html, _ := v.page.HTML()
		v.t.Fatalf("%s: %v\n%.3000s", what, err, regexp.MustCompile(`(?s)^.*<main|<[^>]*>|\s+`).ReplaceAllString(html, " "))
	}
}

func (v *visit) goTo(path string) {
	v.t.Helper()
	v.run("go to "+path, v.page.Navigate(v.url+path))
	v.run("load "+path, v.page.WaitLoad())
}

// element waits for an element.
func (v *visit) element(selector string) *rod.Element {
	v.t.Helper()
	e, err := v.page.Timeout(30 * time.Second).Element(selector)
	v.run("find "+selector, err)
	return e.CancelTimeout()
}

// with waits for an element with a text.
func (v *visit) with(selector, text string) *rod.Element {
	v.t.Helper()
	var e *rod.Element
	var err error
	for range 5 {
		e, err = v.page.Timeout(60*time.Second).ElementR(selector, regexp.QuoteMeta(text))
		if err == nil || !strings.Contains(err.Error(), "Cannot find context") {
			break // the page gave way to the next while it was searched: that one is searched
		}
	}
	v.run("find "+selector+" with "+text, err)
	return e.CancelTimeout()
}

func (v *visit) write(selector, text string) {
	v.t.Helper()
	e := v.element(selector)
	v.run("select the text of "+selector, e.SelectAllText())
	v.run("write into "+selector, e.Input(text))
}

// press clicks what leads to another page.
func (v *visit) press(e *rod.Element) {
	v.t.Helper()
	wait := v.page.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.run("click", e.Click(proto.InputMouseButtonLeft, 1))
	wait()
}

// path is the address of the page without the host.
func (v *visit) path() string {
	info, err := v.page.Info()
	v.run("ask where we are", err)
	u, err := url.Parse(info.URL)
	v.run("read the address", err)
	return u.RequestURI()
}

// picture looks the page over as it is now, in the middle of a walk, and keeps it as a picture, if somebody wants it: at
// both widths no wider than the window, every control with a name, one main heading; at the greater one what the
// checker of accessibility finds, and in the dark theme what it says of colors.
func (v *visit) picture(name string) {
	v.t.Helper()
	v.shown(name, name != "failed")
}

// shown is picture; without checks for a page that TestEveryPageInABrowser inspects.
func (v *visit) shown(name string, checked bool) {
	v.t.Helper()
	for _, size := range sizes {
		if !checked && os.Getenv(screenshots) == "" {
			return
		}
		v.resize(size.width)
		where := fmt.Sprintf("%s at %d", name, size.width)
		if checked {
			v.overlooked(where)
		}
		v.themes(where, name, size, checked && size.width == wide)
	}
	v.resize(wide)
}

// lookOver says what is wrong with a page for those who don't see it, or not on a wide screen.
const lookOver = `() => {
	const wrong = [], main = document.querySelector("main");
	const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	if (wide > 1) wrong.push("it is " + wide + " pixels wider than the window");
	if (document.querySelectorAll("main h1").length !== 1) wrong.push("it has not one main heading");
	for (const e of main.querySelectorAll("input:not([type=hidden]), select, textarea"))
		if (!e.labels?.length && !e.getAttribute("aria-label")) wrong.push(e.name + " has no label");
	for (const e of document.querySelectorAll("a[href], button, summary"))
		if (!e.textContent.trim() && !e.getAttribute("aria-label")) wrong.push("a control without a name: " + e.outerHTML.slice(0, 80));
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i);
	if (ids.length) wrong.push("ids twice: " + ids);
	if (document.querySelector("[style], main script, [onclick]")) wrong.push("something inline");
	return wrong.join("; ");
}`

func TestTheStoryInABrowser(t *testing.T) {
	v, o := newVisit(t)
	v.signIn()
	v.picture("connectors-empty")
	v.connect(o)
	v.follow()
	v.browse()
	v.trace()
	v.schedule()
	v.administer()
	v.refuseRemoval()

	v.run("open the menu", v.element(".me > summary").Click(proto.InputMouseButtonLeft, 1))
	v.press(v.with("button", "Sign out"))
	v.goTo("/connections/shop")
	if !strings.HasPrefix(v.path(), "/sign-in?to=") {
		t.Errorf("who is signed out is at %s", v.path())
	}
	v.quiet()
}

func (v *visit) signIn() {
	v.goTo("/")
	v.write("#user", firstUser)
	v.write("#password", v.password)
	v.press(v.with("button", "Sign in"))
	v.with("h2", "Connect your first site")
}

// connect adds the simulated site: wrong, then right.
func (v *visit) connect(o *office) {
	v.press(v.with("a", "Connect a site"))
	save := v.element("button.main[data-save]")
	disabled := func() bool {
		is, err := save.Property("disabled")
		v.run("look at Save", err)
		return is.Bool()
	}
	if !disabled() {
		v.t.Error("an empty form can be saved")
	}
	v.write("[name=name]", `Shop <script>alert("x")</script>`)
	v.write("[name=code]", "shop")
	v.write("[name=url]", o.site.URL)
	v.write("[name='jwt.prefix']", "nowhere")
	v.write("[name='jwt.token']", o.info.Token)
	v.write("[name='tls.ca_file']", "/etc/shadow")
	v.run("validate", v.element("[data-validate]").Click(proto.InputMouseButtonLeft, 1))
	v.element("[data-field='tls.ca_file'].wrong")
	v.write("[name='tls.ca_file']", o.info.CAFile)
	v.run("validate", v.element("[data-validate]").Click(proto.InputMouseButtonLeft, 1))
	v.with(".verdict", "The check failed")
	v.with(".step.failed .cure", "prefix")
	if !disabled() {
		v.t.Error("what failed its check can be saved without a word")
	}
	v.picture("connection-wrong")
	v.write("[name='jwt.prefix']", o.info.Prefix)
	v.run("validate", v.element("[data-validate]").Click(proto.InputMouseButtonLeft, 1))
	v.with(".verdict", "The check passed")
	if disabled() {
		v.t.Error("what passed its check can't be saved")
	}
	v.picture("connection-right")
	v.press(save)
	if v.path() != "/connections/shop" {
		v.t.Errorf("saved, we are at %s", v.path())
	}
	v.with("h1", `Shop <script>`)
	html, err := v.page.HTML()
	v.run("read the page", err)
	if strings.Contains(html, o.info.Token) {
		v.t.Error("the page shows the token")
	}
}

// follow watches the first crawl to its end, and tries again what failed.
func (v *visit) follow() {
	v.press(v.element("main table a[href^='/crawls/']"))
	v.element("[data-crawl]")
	v.with("#progress", "left")
	if has, _, err := v.page.Has("#progress .small code"); err != nil || has {
		v.t.Errorf("apps that are being read are told by their keys (%v)", err)
	}
	v.picture("crawl-running")
	v.with("h1", "done")
	v.with("#outcomes .tabs", "In part")
	v.with("#progress .facts", "without a known origin")
	v.picture("crawl-done")
	v.press(v.with(".tabs a", "In part"))
	v.with("#outcomes code", "section_access")
	v.press(v.with("button", "again"))
	v.with(".kind", "selected crawl")
	v.with("h1", "done")
}

func (v *visit) schedule() {
	v.goTo("/connections/shop/schedule")
	v.run("choose a cron expression", v.element("#preset").Select([]string{"as the cron expression says"}, true, rod.SelectorTypeText))
	v.write("#cron", "61 * * * *")
	v.press(v.with("button", "Keep"))
	v.with(".field.wrong .error", "61")
	v.write("#cron", "30 3 * * 1-5")
	v.write("#time_zone", "Europe/Paris")
	v.press(v.with("button", "Keep"))
	v.with(".next li", "03:30")
	v.picture("schedule")
	v.goTo("/")
	v.with("td[data-label=Next]", "in ")
	v.picture("connectors")
}

func (v *visit) administer() {
	v.goTo("/admin")
	v.press(v.with("a", "New user"))
	v.write("#name", "vera")
	v.write("#password", "short")
	v.press(v.with("button", "Make the user"))
	v.with(".error", "12 characters")
	v.write("#password", "many words are a password")
	v.press(v.with("button", "Make the user"))
	v.with("h1", "vera")
	v.picture("user")
	for path, heading := range map[string]string{
		"/admin/users": "Users", "/admin/tokens": "API tokens", "/admin/audit": "Audit log", "/admin/tools": "JWT tools", "/admin/program": "Program",
		"/crawls": "Crawls", "/connections/shop/settings": "Settings of", "/connections/shop/crawl": "Crawl Shop", "/connections/shop/edit": "Edit Shop",
	} {
		v.goTo(path)
		v.with("h1", heading)
		v.shown(strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"), false)
	}
}

// refuseRemoval finds that what is scheduled isn't removed.
func (v *visit) refuseRemoval() {
	v.goTo("/connections/shop/remove")
	v.press(v.with("button", "Remove"))
	v.with(".note.bad", "in use")
	v.with(".note.bad li", "schedule")
	v.picture("removal-refused")
}
