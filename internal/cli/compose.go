package cli

import (
	"context"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/compose"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/kube"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

// The engines that a plan can be taken to.
const (
	targetCompose    = "compose"
	targetSwarm      = "swarm"
	targetKubernetes = "kubernetes"
)

func (a *app) composeCommand() *cli.Command {
	return &cli.Command{
		Name:  "compose",
		Usage: "write the same decision as a docker-compose.yml",
		UsageText: "facecraft compose > docker-compose.yml\n" +
			"facecraft compose --profiles --output docker-compose.yml\n" +
			"facecraft compose --target kubernetes --replicas 3 | kubectl apply -f -",
		Flags: slices.Concat(requestFlags(), []cli.Flag{
			&cli.StringFlag{Name: "target", EnvVars: env("target"), DefaultText: targetCompose,
				Usage: "`KIND`: or swarm, kubernetes"},
			&cli.BoolFlag{Name: "pin", EnvVars: env("pin"), Usage: "name the image by its digest"},
			&cli.BoolFlag{Name: "profiles", EnvVars: env("profiles"), Usage: "write CPU and GPU variants, to choose"},
			&cli.BoolFlag{Name: "detect", EnvVars: env("detect"), Value: true,
				Usage: "false: for a machine other than this"},
			&cli.StringFlag{Name: "ingress", EnvVars: env("ingress"), Usage: "`HOST` of a Kubernetes Ingress"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, EnvVars: env("output"), DefaultText: "standard output",
				Usage: "`FILE` to write, or -"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, EnvVars: env("force"), Usage: "replace an existing file"},
		}),
		Action: a.compose,
	}
}

func (a *app) compose(c *cli.Context) error {
	if err := checkExport(c); err != nil {
		return err
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	target := a.exportFile(c)
	if err := target.Check(); err != nil {
		return err
	}
	s := &session{app: a}
	if c.Bool("detect") {
		if s, err = a.connectIfPossible(c.Context); err != nil {
			return err
		}
	}
	defer s.close()
	e := export{session: s, detect: c.Bool("detect"), pinned: c.Bool("pin"), ingress: c.String("ingress")}
	file, notes, err := e.render(c.Context, targetOf(c), c.Bool("profiles"), r)
	if err != nil {
		return err
	}
	for _, note := range notes {
		a.ui.Warn("%s", note)
	}
	err = target.Write(func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
	if err == nil && target.Path != output.Stdout {
		a.ui.Done("%s is written", target.Path)
	}
	return err
}

// exportFile is where the file goes. People edit it, so that an earlier one is
// only replaced by force, and the variables' files never.
func (a *app) exportFile(c *cli.Context) output.File {
	file := output.File{Path: c.String("output"), Stream: a.Stdout, Force: c.Bool("force"), Flag: "--force"}
	if file.Path == "" {
		file.Path = output.Stdout
	}
	file.Needed = func(_ string, info fs.FileInfo) string {
		for _, name := range *c.Generic("env-file").(*words) {
			if read, err := os.Stat(name); err == nil && info != nil && os.SameFile(read, info) {
				return "the file of --env-file"
			}
		}
		return ""
	}
	return file
}

func targetOf(c *cli.Context) string {
	if target := c.String("target"); target != "" {
		return target
	}
	return targetCompose
}

// checkExport refuses flags that contradict each other.
func checkExport(c *cli.Context) error {
	target := targetOf(c)
	contradiction := func(one, other string) error {
		return fault.New(fault.Usage, "leave one of them out", "%s and %s contradict each other", one, other)
	}
	switch {
	case !slices.Contains([]string{targetCompose, targetSwarm, targetKubernetes}, target):
		return fault.New(fault.Usage, "use compose, swarm or kubernetes", "there is no target %q", target)
	case c.Bool("profiles") && target != targetCompose:
		return contradiction("--profiles", "--target "+target)
	case c.String("ingress") != "" && target != targetKubernetes:
		return contradiction("--ingress", "--target "+target)
	}
	if err := kube.CheckHost(c.String("ingress")); err != nil {
		return fault.Wrap(fault.Usage, err, "use a host name, such as portraits.example.org", "--ingress cannot be used")
	}
	if c.String("data") != "" && target != targetCompose {
		return contradiction("--data, a directory of this machine,", "--target "+target)
	}
	for _, flag := range []string{"tag", "lite", "image", "replicas"} {
		if c.Bool("profiles") && c.IsSet(flag) {
			return contradiction("--profiles", "--"+flag)
		}
	}
	return nil
}

// export is a plan on its way into a file.
type export struct {
	*session
	detect  bool
	pinned  bool
	ingress string
}

func (e export) render(ctx context.Context, target string, profiles bool, r plan.Request) (file []byte, notes []string, err error) {
	command := e.app.commandText()
	origin := compose.Origin{Version: e.app.Version, Command: command}
	p, err := e.plan(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	plans := []plan.Plan{p}
	switch {
	case profiles:
		if plans, err = e.variants(ctx, p, r); err != nil {
			return nil, nil, err
		}
		file, notes, err = compose.RenderProfiles(plans, origin)
	case target == targetSwarm:
		file, notes, err = compose.RenderStack(p, origin)
	case target == targetKubernetes:
		file, notes, err = kube.Render(p, kube.Options{Version: e.app.Version, Command: command, Ingress: e.ingress})
	default:
		file, notes, err = compose.Render(p, origin)
	}
	var warnings []string
	for _, p := range plans {
		warnings = append(warnings, p.Warnings...)
	}
	return file, append(warnings, notes...), err
}

// plan decides for this machine, or, without a look at it, for any.
func (e export) plan(ctx context.Context, r plan.Request) (plan.Plan, error) {
	var p plan.Plan
	var err error
	if e.detect {
		p, err = e.decide(ctx, r)
	} else {
		p, err = e.undetected(r, "not looked at (--detect=false)")
	}
	return e.pinnedPlan(ctx, p, err)
}

func (e export) pinnedPlan(ctx context.Context, p plan.Plan, err error) (plan.Plan, error) {
	if err == nil && e.pinned {
		digest, pinErr := e.pin(ctx, p.First().Image)
		p.SetDigest(digest)
		return p, pinErr
	}
	return p, err
}

// undetected decides without facts: what is asked for is taken as it is.
func (e export) undetected(r plan.Request, why string) (plan.Plan, error) {
	catalogue, err := catalog.Load()
	if err != nil {
		return plan.Plan{}, err
	}
	r.Elsewhere = true
	facts := plan.Facts{Host: plan.Host{OS: runtime.GOOS, Arch: runtime.GOARCH}, GPUs: plan.Unknown[[]plan.GPU](why)}
	facts.Daemon.Memory, facts.Daemon.CPUs = plan.Unknown[int64](why), plan.Unknown[int](why)
	if reference, err := liteReference(runtime.GOARCH); err == nil {
		facts.LiteImage = plan.Known(reference, "built into this program, nothing is downloaded")
	} else {
		facts.LiteImage = plan.Unknown[string](err.Error())
	}
	return plan.Make(facts, catalogue, r)
}

// variants adds the others that are pulled to the one that was chosen,
// on the same port. One that cannot run here is for another machine.
func (e export) variants(ctx context.Context, chosen plan.Plan, r plan.Request) ([]plan.Plan, error) {
	catalogue, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	plans := []plan.Plan{chosen}
	r.Port = chosen.First().Publish.Port
	for _, v := range catalogue.Variants {
		if v.BuiltIn || v.Name == chosen.First().Variant {
			continue
		}
		r.Tag = v.Name
		if v.GPU == nil {
			r.GPUs = nil // they are the other variant's
		}
		p, err := e.plan(ctx, r)
		if fault.CodeOf(err) == fault.Unrunnable {
			why := err.Error()
			p, err = e.undetected(r, why)
			p.Warnings = []string{why}
			p, err = e.pinnedPlan(ctx, p, err)
		}
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// commandText is the command line, as it can be pasted.
func (a *app) commandText() string {
	words := []string{"facecraft"}
	for _, arg := range a.args[1:] {
		words = append(words, dockerrun.Quote(arg))
	}
	return strings.Join(words, " ")
}

// pin finds the digest of an image: of the one that is here, or else of what
// the registry has.
func (s *session) pin(ctx context.Context, image plan.Image) (string, error) {
	if image.BuiltIn {
		return "", fault.New(fault.Usage, "leave --pin out: its tag is the digest of this very program",
			"the image %s comes from no registry", image.Reference)
	}
	if s.engine != nil {
		local, err := s.images.Inspect(ctx, image.Reference)
		if err == nil && local.Digest != "" {
			return local.Digest, nil
		}
	}
	digest, err := s.registryClient(ctx).Digest(ctx, image.Reference)
	if err != nil {
		return "", offline(registry.Explain(image.Reference, err), "check the network, or leave --pin out")
	}
	return digest, nil
}
