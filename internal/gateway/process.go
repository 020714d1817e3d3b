package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// quick passes on a portrait unchanged.
func (g *Gateway) quick(w http.ResponseWriter, r *http.Request) {
	if a := g.single(w, r); a != nil {
		defer a.release()
		_ = g.send(w, a) // the client is gone
	}
}

// process passes on a response with job IDs that name the server.
func (g *Gateway) process(w http.ResponseWriter, r *http.Request) {
	a := g.single(w, r)
	if a == nil {
		return
	}
	defer a.release()
	raw, formats := g.rename(a)
	if g.send(w, a) != nil { // the client will not fetch it
		formats = nil
	}
	g.keepJob(r.Context(), a.server, raw, formats)
}

// keepJob records a job's results, or deletes it at once if there are none, or if the
// client is gone and will not fetch them.
func (g *Gateway) keepJob(client context.Context, s *server, raw string, formats []string) {
	switch {
	case raw == "":
	case client.Err() != nil || len(formats) == 0:
		s.discard(raw)
	default:
		g.jobs.add(s, raw, formats...)
	}
}

// made is the part of a response that describes the results.
type made struct {
	Job string `json:"job_id"`
	PNG string `json:"png_url"`
	JPG string `json:"jpg_url"`
}

// rename puts the gateway's job ID into a response, and returns the server's ID and the
// available formats. Everything else is unchanged, byte for byte.
func (g *Gateway) rename(a *answer) (raw string, formats []string) {
	if a.status != http.StatusOK {
		return "", nil
	}
	body := a.body.bytes()
	var m made
	if json.Unmarshal(body, &m) != nil || a.server.jobID(m.Job) == "" {
		return "", nil
	}
	if m.PNG != "" {
		formats = append(formats, "png")
	}
	if m.JPG != "" {
		formats = append(formats, "jpg")
	}
	a.replace(renamed(body, m.Job, a.server.jobID(m.Job)))
	return m.Job, formats
}

// renamed replaces a job ID in the members of a response that contain it. The response
// must be a valid object.
func renamed(body []byte, from, to string) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var out bytes.Buffer
	copied := 0
	_, _ = decoder.Token() // the brace
	for decoder.More() {
		name, _ := decoder.Token()
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return body
		}
		var text string
		switch name {
		case "job_id", "png_url", "jpg_url", "download_url":
			if json.Unmarshal(value, &text) != nil || !strings.Contains(text, from) {
				continue
			}
		default:
			continue
		}
		end := int(decoder.InputOffset())
		quoted, _ := json.Marshal(strings.Replace(text, from, to, 1)) // a string can always be encoded
		out.Write(body[copied : end-len(value)])
		out.Write(quoted)
		copied = end
	}
	out.Write(body[copied:])
	return out.Bytes()
}
