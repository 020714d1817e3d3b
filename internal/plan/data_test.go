package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

// TestDataUser has one row for each kind of host: which user the server writes
// to a host directory as.
func TestDataUser(t *testing.T) {
	t.Parallel()
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	uid := func(n int) plan.Fact[plan.User] { return plan.Known(plan.User{UID: n, GID: n}, "your user") }
	kind := func(name string) func(*plan.Facts) {
		return func(f *plan.Facts) { f.Daemon.Kind = plan.Known(name, "docker version") }
	}
	remapped := func(f *plan.Facts) { f.Daemon.UserNamespaces = plan.Known(true, "docker info") }
	for name, tt := range map[string]struct {
		caller    plan.Fact[plan.User]
		facts     []func(*plan.Facts)
		user      string
		namespace string
		unknown   bool   // a user without an entry in the image
		owner     string // of directories that have to be created
	}{
		"the image's uid": {uid(1000), nil, "1000:1000", "", false, "1000:1000"},
		"a different uid": {uid(1234), nil, "1234:1234", "", true, "1234:1234"},
		"root":            {uid(0), nil, "1000:1000", "", false, "1000:1000"},
		"rootless": {uid(1000), []func(*plan.Facts){kind(plan.KindRootless), remapped}, "0:0", "", true,
			"1000:1000"},
		"userns-remap":          {uid(1000), []func(*plan.Facts){remapped}, "1000:1000", "host", false, "1000:1000"},
		"userns-remap, another": {uid(1234), []func(*plan.Facts){remapped}, "1234:1234", "host", true, "1234:1234"},
		"userns-remap, root":    {uid(0), []func(*plan.Facts){remapped}, "1000:1000", "host", false, "1000:1000"},
		"rootless Podman": {uid(1234), []func(*plan.Facts){kind(plan.KindPodman), remapped}, "1000:1000",
			"keep-id:uid=1000,gid=1000", false, "1234:1234"},
		"Podman run by root": {uid(1234), []func(*plan.Facts){kind(plan.KindPodman)}, "1234:1234", "", true, "1234:1234"},
		"Docker Desktop":     {uid(1234), []func(*plan.Facts){kind(plan.KindDesktop)}, "1000:1000", "", false, ""},
		"a virtual machine": {uid(501), []func(*plan.Facts){func(f *plan.Facts) { f.Host.OS = "darwin" }}, "1000:1000", "",
			false, ""},
		"Windows has no uids": {plan.Unknown[plan.User]("windows has no uids"), nil, "1000:1000", "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := plantest.Laptop()
			facts.Caller = tt.caller
			for _, change := range tt.facts {
				change(&facts)
			}
			p, err := plan.Make(facts, catalogue, plan.Request{Data: "/home/maria/faces"})
			if err != nil {
				t.Fatal(err)
			}
			c := p.First()
			if c.User != tt.user || c.UserNamespace != tt.namespace {
				t.Errorf("user %q in namespace %q, want %q in %q", c.User, c.UserNamespace, tt.user, tt.namespace)
			}
			hasEnv := slices.ContainsFunc(c.Env, func(e plan.Env) bool { return e.Name == "U2NET_HOME" })
			if hasGroup := slices.Equal(c.GroupAdd, []string{"1000"}); hasGroup != tt.unknown || hasEnv != tt.unknown {
				t.Errorf("group %v and environment %v, want both: %v", c.GroupAdd, c.Env, tt.unknown)
			}
			if len(c.Volumes) != 0 || len(c.Binds) != 2 || c.Binds[0].Source != "/home/maria/faces/uploads" ||
				c.Binds[0].Target != "/app/uploads" {
				t.Fatalf("volumes %v, directories %v", c.Volumes, c.Binds)
			}
			owner := ""
			if c.Binds[0].Owner != nil {
				owner = c.Binds[0].Owner.String()
			}
			if owner != tt.owner || c.Binds[0].Relabel {
				t.Errorf("owner %q (relabelled: %v), want %q", owner, c.Binds[0].Relabel, tt.owner)
			}
		})
	}
}

func TestDataUnderSELinux(t *testing.T) {
	t.Parallel()
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(plantest.SELinux(), catalogue, plan.Request{Data: "/faces"})
	if binds := p.First().Binds; err != nil || !binds[0].Relabel || !binds[1].Relabel {
		t.Errorf("%v, directories %v", err, binds)
	}
	if _, err := plan.Make(plantest.SELinux(), catalogue, plan.Request{Data: "/a:b"}); fault.CodeOf(err) != fault.Usage {
		t.Errorf("a colon, which Binds cannot express, gave %v", err)
	}
	windows, err := plan.Make(plantest.Laptop(), catalogue, plan.Request{Data: `C:\Users\maria\faces`})
	if err != nil || windows.First().Binds[0].Source != `C:\Users\maria\faces\uploads` {
		t.Errorf("%v, directories %v", err, windows.First().Binds)
	}
}

// TestEnv: the user's variables win, and secret values never appear.
func TestEnv(t *testing.T) {
	t.Parallel()
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(plantest.Laptop(), catalogue, plan.Request{
		Env:     []plan.Env{{Name: "FACECRAFT_CORS_ORIGINS", Value: "*"}, {Name: "FACECRAFT_PORT", Value: "1"}},
		Secrets: []plan.Secret{{Name: "TOKEN"}, {Name: "KEY", File: "/f"}, {Name: "FACECRAFT_API_KEY", File: "/f"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := p.First()
	if c.Env[0] != (plan.Env{Name: "FACECRAFT_CORS_ORIGINS", Value: "*"}) || len(c.Env) != 2 {
		t.Errorf("environment %v", c.Env)
	}
	if got := strings.Join(c.InheritedSecrets(), " ") + "; " + strings.Join(c.SecretFiles(), " "); got != "TOKEN; /f" {
		t.Errorf("secrets come from %s", got)
	}
	for _, want := range []string{"TOKEN, taken from the environment", "KEY, taken from /f",
		"warning: FACECRAFT_PORT has no effect", "warning: FACECRAFT_API_KEY has no effect"} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("missing %q in\n%s", want, p)
		}
	}
	for _, name := range []string{"", "1A", "A B", "A$"} {
		_, err := plan.Make(plantest.Laptop(), catalogue, plan.Request{Env: []plan.Env{{Name: name}}})
		if fault.CodeOf(err) != fault.Usage {
			t.Errorf("the name %q gave %v", name, err)
		}
	}
}
