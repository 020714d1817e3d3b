package verify_test

import (
	"io"
	"testing"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
)

// FuzzJudge judges images whose configuration and files say anything.
func FuzzJudge(f *testing.F) {
	f.Add([]byte(`{"os":"linux","config":{"User":"app","Env":["PATH=/bin","A"],"Cmd":["x"],`+
		`"Healthcheck":{"Test":["CMD-SHELL","curl /ready"]}},`+
		`"rootfs":{"diff_ids":["a"]},"history":[{"created_by":"RUN x"}]}`), "app/.u2net/x", "app:x:1000:1000::/app:",
		byte('f'))
	f.Add([]byte(`{"config":{"Healthcheck":{"Test":["CMD"]},"Labels":{"a":"b"}}}`), site+"torch/version.py", "cuda = '",
		byte('l'))
	f.Fuzz(func(t *testing.T, config []byte, path, text string, kind byte) {
		i := sound(t, "gpu")
		parsed, layers, err := inventory.ParseConfig(config)
		if err != nil {
			return
		}
		i.Config = parsed
		for range layers {
			i.layer("RUN x", inventory.Entry{Path: path, Kind: inventory.Kind(kind), Mode: 0o7777,
				Size: int64(len(text)), Link: text})
		}
		i.text(path, text)
		i.text("etc/passwd", text)
		i.text(site+"onnxruntime_gpu-1.dist-info/RECORD", text)
		r := i.judge(t)
		if err := r.HTML(io.Discard); err != nil {
			t.Error(err)
		}
		r.Screen(80, plain)
		for _, f := range r.Findings {
			if f.Status == finding.Fail && f.Statement == "" {
				t.Errorf("%s says nothing", f.ID)
			}
		}
	})
}
