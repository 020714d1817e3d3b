package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/cli/flagset"
	"github.com/djok/facecraft/internal/envvars"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// containerFlags say what the container gets from this machine.
func containerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", EnvVars: env("data"), DefaultText: "named volumes",
			Usage: "`DIR` for server files"},
		&cli.GenericFlag{Name: "env", EnvVars: env("env"), Value: &flagset.Words{},
			Usage: "set `K=V`; K alone passes your value as a secret"},
		&cli.GenericFlag{Name: "env-file", EnvVars: env("env-file"), Value: &flagset.Words{},
			Usage: "`FILE` of K=V lines, passed as secrets"},
	}
}

// containerRequest reads containerFlags. The values of secrets are kept apart
// from the request, which is printed and stored.
func (a *app) containerRequest(c *cli.Context, r *plan.Request) (err error) {
	a.secrets = map[string]string{}
	if data := c.String("data"); data != "" {
		if r.Data, err = filepath.Abs(data); err != nil {
			return err
		}
		if r.Data == filepath.Dir(r.Data) {
			return fault.New(fault.Usage, "use a dedicated directory", "--data %s is the root directory", data)
		}
	}
	v := envvars.Reader{Request: r, Getenv: a.Getenv, Hide: a.ui.Hide, Secrets: a.secrets}
	v.PassOn()
	for _, file := range *c.Generic("env-file").(*flagset.Words) {
		if err := v.ReadFile(file); err != nil {
			return err
		}
	}
	for _, word := range *c.Generic("env").(*flagset.Words) {
		if err := v.Add(word, ""); err != nil {
			return err
		}
	}
	return nil
}

// caller is the user who will own the server's files: under sudo, not root but
// the user who ran it.
func (a *app) caller() plan.Fact[plan.User] {
	if a.UID < 0 {
		return plan.Unknown[plan.User](runtime.GOOS + " has no user numbers")
	}
	uid, err := strconv.Atoi(a.Getenv("SUDO_UID"))
	gid, gidErr := strconv.Atoi(a.Getenv("SUDO_GID"))
	if a.UID == 0 && err == nil && gidErr == nil {
		return plan.Known(plan.User{UID: uid, GID: gid}, "you, through sudo")
	}
	return plan.Known(plan.User{UID: a.UID, GID: os.Getgid()}, "your user")
}
