package run

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/apikey"
	"github.com/djok/facecraft/internal/plan"
)

// putKeys copies the API keys into a container that needs some: not into its
// environment or arguments, which docker inspect and docker top show.
func (r *Runner) putKeys(ctx context.Context, c plan.Container, id string, secrets map[string]string) error {
	if c.KeyFile == "" {
		return nil
	}
	archive, err := keyArchive(c.KeyFile, c.User, secrets[plan.APIKeyVariable])
	if err != nil {
		return err
	}
	if err := r.Docker.CopyToContainer(ctx, id, "/", archive, container.CopyToContainerOptions{}); err != nil {
		return refusal("copy the API keys into the container", err)
	}
	return nil
}

// keyArchive holds a file that only the user can read.
func keyArchive(file, user, keys string) (io.Reader, error) {
	uidText, gidText, _ := strings.Cut(user, ":")
	uid, _ := strconv.Atoi(uidText) // plan.Container.User is always uid:gid
	gid, _ := strconv.Atoi(gidText)
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	dir := strings.TrimPrefix(path.Dir(file), "/")
	for _, header := range []tar.Header{
		{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: path.Join(dir, path.Base(file)), Typeflag: tar.TypeReg, Mode: 0o400, Uid: uid, Gid: gid,
			Size: int64(len(keys))},
	} {
		if err := w.WriteHeader(&header); err != nil {
			return nil, err
		}
	}
	if _, err := io.WriteString(w, keys); err != nil {
		return nil, err
	}
	return &archive, w.Close()
}

// keys returns the API keys of a gateway's container, as they were copied there.
func (r *Runner) keys(ctx context.Context, id string) (string, error) {
	content, _, err := r.Docker.CopyFromContainer(ctx, id, plan.GatewayKeyFile)
	if err != nil {
		return "", err
	}
	defer content.Close()
	archive := tar.NewReader(content)
	if _, err := archive.Next(); err != nil {
		return "", err
	}
	keys, err := io.ReadAll(io.LimitReader(archive, apikey.MaxFile))
	return string(keys), err
}

// RenewKeys gives a running gateway that has API keys new ones, and reports
// whether they differ from those that it had.
func (r *Runner) RenewKeys(ctx context.Context, s Server, keys string) (renewed bool, err error) {
	have, err := r.keys(ctx, s.ID)
	if errdefs.IsNotFound(err) || err == nil && have == keys {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the API keys of %s: %w", s.Name, err)
	}
	inspect, err := r.Docker.ContainerInspect(ctx, s.ID)
	if err != nil {
		return false, err
	}
	c := plan.Container{KeyFile: plan.GatewayKeyFile, User: inspect.Config.User}
	return true, r.putKeys(ctx, c, s.ID, map[string]string{plan.APIKeyVariable: keys})
}
