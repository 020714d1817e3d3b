package launch

import (
	"context"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/cropper"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
)

// Audience is told what happens to the photos.
type Audience interface {
	// PassedOver receives the photos that were found but will not be processed.
	PassedOver(photos []batch.Photo)
	// Expect is told which photos there are before any work is done, and refuses
	// what cannot be reported.
	Expect(jobs []*batch.Job) error
	// Begin receives what needs no server, and the number of all photos.
	Begin(total int, selected batch.Selected)
	Result(r batch.Result)
	Waiting(w batch.Wait)
	// End sums up, and returns the command's error. runErr is why it ended early.
	End(ctx context.Context, runErr error) error
}

// Processing makes portraits of photos, once or as photos arrive.
type Processing struct {
	Settings  Settings
	Args      []string // the photos: files, directories, globs, lists
	Finder    batch.Finder
	Planner   batch.Planner
	Selection batch.Selection
	InFlight  int
	// OnlyOne means that the output takes only one portrait.
	OnlyOne bool
	// Request is for servers on this machine, if no endpoints are named.
	Request   ServerRequest
	Endpoints []string
	Token     string // for the endpoints
	// Advice is shown before photos are processed; empty means none.
	Advice   string
	Audience Audience

	launcher *Launcher // nil until the daemon is needed
	// cropper is nil unless photos are only cropped.
	cropper *cropper.Cropper
}

// Close ends the connection to the daemon, if there was one.
func (p *Processing) Close() {
	if p.cropper != nil {
		p.cropper.Close()
	}
	if p.launcher != nil {
		p.launcher.Close()
	}
}

// Once processes the photos that exist now.
func (p *Processing) Once(ctx context.Context) error {
	jobs, err := p.look()
	if err == nil {
		err = p.Audience.Expect(jobs)
	}
	if err != nil {
		return err
	}
	selected, servers, err := p.selectJobs(ctx, jobs)
	if err != nil {
		return err
	}
	p.Audience.Begin(len(jobs), selected)
	if len(selected.Todo) > 0 {
		queue := make(chan *batch.Job)
		go func() {
			defer close(queue)
			for _, job := range selected.Todo {
				queue <- job
			}
		}()
		err = p.run(ctx, servers).Do(ctx, queue)
	}
	return p.Audience.End(ctx, err)
}

// look finds the photos and where their results belong.
func (p *Processing) look() ([]*batch.Job, error) {
	found, ignored, err := p.Finder.Find(p.Args)
	if err != nil {
		return nil, fault.Wrap(fault.Failed, err, "check the name", "cannot list the photos")
	}
	if len(found) > 1 && p.OnlyOne {
		return nil, fault.New(fault.Usage, "name a directory with -o",
			"%d photos do not fit into one image on standard output", len(found))
	}
	p.Audience.PassedOver(p.Finder.PassedOver)
	if len(found) == 0 {
		return nil, fault.New(fault.Usage, "name photos, or directories with -r", "no photo to process%s", other(ignored))
	}
	return p.Planner.Plan(found, p.Finder.PassedOver...)
}

// other counts the files that are not photos.
func other(ignored int) string {
	if ignored == 0 {
		return ""
	}
	return " (" + format.Count(ignored, "other file was", "other files were") + " passed over)"
}

// selectJobs finds out what to do, and the servers for it. If there is nothing to
// do, it starts no server and needs no daemon.
func (p *Processing) selectJobs(ctx context.Context, jobs []*batch.Job) (selected batch.Selected,
	servers []*batch.Server, err error) {
	if selected = p.Selection.Select(jobs); len(selected.Todo) == 0 {
		p.Selection.ImageIDs = p.imageIDs(ctx)
		if selected = p.Selection.Select(jobs); len(selected.Todo) == 0 {
			return selected, nil, ctx.Err()
		}
	}
	if servers, err = p.servers(ctx); err != nil {
		return selected, nil, err
	}
	p.Selection.ImageIDs = imageIDs(servers)
	return p.Selection.Select(jobs), servers, nil
}

// imageIDs are those of the running servers, as far as they are known.
func (p *Processing) imageIDs(ctx context.Context) []string {
	if p.Selection.Recipe.CropOnly {
		return []string{cropper.ID(p.Settings.Version)}
	}
	if len(p.Endpoints) > 0 {
		servers, _ := Endpoints(ctx, silence{}, p.Token, p.Endpoints, 0)
		return imageIDs(servers)
	}
	var err error
	if p.launcher, err = Connect(ctx, p.Settings); err != nil {
		return nil
	}
	var list []string
	replicas, _ := p.launcher.Replicas(ctx, p.Request)
	for _, replica := range replicas {
		list = append(list, replica.ImageID)
	}
	return list
}

func imageIDs(servers []*batch.Server) (list []string) {
	for _, s := range servers {
		if s.ImageID != "" {
			list = append(list, s.ImageID)
		}
	}
	return list
}

// silence is a UI that drops warnings.
type silence struct{ UI }

func (silence) Warn(string, ...any)     {}
func (silence) Progress(string, ...any) {}

// servers returns servers that are ready.
func (p *Processing) servers(ctx context.Context) (_ []*batch.Server, err error) {
	if p.Advice != "" {
		p.Settings.UI.Say("%s", p.Advice)
	}
	if p.Selection.Recipe.CropOnly {
		if p.cropper, err = cropper.Start(ctx, p.Settings.Version, p.Settings.Unfinished); err != nil {
			return nil, err
		}
		return []*batch.Server{p.cropper.Server()}, nil
	}
	if len(p.Endpoints) > 0 {
		return Endpoints(ctx, p.Settings.UI, p.Token, p.Endpoints, p.Request.Timeout)
	}
	if p.launcher == nil {
		if p.launcher, err = Connect(ctx, p.Settings); err != nil {
			return nil, err
		}
	}
	return p.launcher.Processors(ctx, p.Request)
}

func (p *Processing) run(ctx context.Context, servers []*batch.Server) *batch.Run {
	return &batch.Run{
		Servers:  servers,
		InFlight: p.inFlight(),
		Recipe:   p.Selection.Recipe,
		Force:    p.Selection.Force,
		Checksum: p.Selection.Checksum,
		Report:   func(r batch.Result) { p.Audience.Result(p.explained(ctx, r)) },
		Notice:   func(s *batch.Server, what string) { p.Settings.UI.Warn("%s %s", s.URL, what) },
		Timeout:  p.Request.Timeout,
		Swaps:    SwapsRedAndBlue,
		Waiting:  p.Audience.Waiting,
	}
}

// inFlight is how many photos to send to an address at once.
func (p *Processing) inFlight() int {
	if p.launcher == nil {
		return p.InFlight
	}
	return p.InFlight * p.launcher.lanes()
}

// explained adds what a server's log says about its failure, if it can be read.
func (p *Processing) explained(ctx context.Context, r batch.Result) batch.Result {
	if p.launcher == nil {
		return r
	}
	return p.launcher.Explained(ctx, r)
}
