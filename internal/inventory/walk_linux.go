package inventory

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// minCompared is the minimum size of files that are compared, in bytes.
const minCompared = 4 << 10

// Walk examines the files below a root, as a container of the image sees them.
// Paths that are not part of the image, such as mounts, are left out. Files are
// read if their content matters, or if another file has the same size.
func Walk(ctx context.Context, root string, interest Interest, leaveOut []string) ([]Entry, error) {
	w := walker{root: root, interest: interest, skip: map[string]bool{}, first: map[inode]string{}}
	for _, file := range leaveOut {
		w.skip[strings.Trim(file, "/")] = true
	}
	if err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return w.visit(file, d, err)
	}); err != nil {
		return nil, err
	}
	return w.entries, w.examineAll(ctx)
}

type inode struct{ dev, ino uint64 }

type walker struct {
	root     string
	interest Interest
	skip     map[string]bool
	first    map[inode]string // first name of a file with several names
	entries  []Entry
	hollow   []bool // files whose size exceeds their content
	limit    budget
}

func (w *walker) visit(file string, d fs.DirEntry, err error) error {
	relative := strings.TrimPrefix(strings.TrimPrefix(file, w.root), "/")
	if w.skip[relative] {
		if d != nil && d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if err != nil || relative == "" {
		return err
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	stat := info.Sys().(*syscall.Stat_t)
	e := Entry{Path: relative, Mode: stat.Mode & 0o7777, UID: int(stat.Uid), GID: int(stat.Gid)}
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		e.Kind, e.Size = File, stat.Size
		w.name(&e, stat)
	case syscall.S_IFDIR:
		e.Kind = Dir
	case syscall.S_IFLNK:
		e.Kind = Symlink
		if e.Link, err = os.Readlink(file); err != nil {
			return err
		}
	case syscall.S_IFIFO, syscall.S_IFSOCK:
		e.Kind = Pipe
	default:
		e.Kind = Device
	}
	w.entries = append(w.entries, e)
	w.hollow = append(w.hollow, stat.Blocks*512 < stat.Size/2 && stat.Size > 1<<20)
	return w.limit.take(e)
}

// name turns an additional name of a file into a link to the first.
func (w *walker) name(e *Entry, stat *syscall.Stat_t) {
	if stat.Nlink < 2 {
		return
	}
	id := inode{uint64(stat.Dev), stat.Ino}
	if first, ok := w.first[id]; ok {
		e.Kind, e.Link, e.Size = HardLink, first, 0
		return
	}
	w.first[id] = e.Path
}

func (w *walker) examineAll(ctx context.Context) error {
	sizes := map[int64]int{}
	for _, e := range w.entries {
		if e.Kind == File && e.Size >= minCompared {
			sizes[e.Size]++
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan int)
	group.Go(func() error {
		defer close(work)
		for i, e := range w.entries {
			if e.Kind != File || w.hollow[i] || sizes[e.Size] < 2 && !w.interest.of(e.Path, e.Size).any() {
				continue
			}
			select {
			case work <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			examiner := newExaminer(w.interest)
			for i := range work {
				if err := w.examine(examiner, &w.entries[i], sizes[w.entries[i].Size] > 1); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// examine never blocks on a file that is not a regular one.
func (w *walker) examine(x *examiner, e *Entry, whole bool) error {
	file, err := os.OpenFile(filepath.Join(w.root, e.Path), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return x.examineFile(e, file, whole)
}

// mounts returns the mount points, as far as the kernel reports them.
func mounts() []string {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var list []string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] != "/" {
			list = append(list, strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`,
				`\`).Replace(fields[4]))
		}
	}
	return list
}
