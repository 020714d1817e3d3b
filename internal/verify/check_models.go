package verify

import (
	"os"
	"path"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
)

func models(s *subject) []result {
	if len(s.variant.Needs.Models) == 0 {
		if s.variant.Name == "" {
			return []result{unknown(notKnown)}
		}
		return []result{beside("the %s variant has no models", s.variant.Name)}
	}
	var list []result
	for _, model := range s.variant.Needs.Models {
		if r := s.model(model); r.status != finding.Pass {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		list = append(list, pass("all %d models are in the image, with the published SHA-256",
			len(s.variant.Needs.Models)))
	}
	if value, ok := s.Config.Variable("MODEL_CHECKSUM_DISABLED"); ok && value != "" {
		list = append(list, fail("rembg's check of its models is switched off").graded(finding.Warning).
			with("ENV MODEL_CHECKSUM_DISABLED="+short(value)).remedied("remove MODEL_CHECKSUM_DISABLED from ENV").
			keyed("checksum").known(inventory.ConfigDepth))
	}
	return list
}

// place returns where the application looks for a model.
func (s *subject) place(model plan.Model) string {
	for _, template := range model.Places {
		set := true
		file := os.Expand(template, func(name string) string {
			name, byDefault, hasDefault := strings.Cut(name, ":-")
			value, ok := s.Config.Variable(name)
			if name == "HOME" && !ok {
				value, ok = s.user.Home, true
			}
			if value == "" && hasDefault {
				value, ok = byDefault, true
			}
			set = set && ok && value != ""
			return value
		})
		if set {
			return path.Clean(file)
		}
	}
	return ""
}

// How files begin that are sometimes saved instead of a model.
var notModels = []struct{ head, is string }{
	{"version https://git-lfs", "a Git LFS pointer"}, {"<html", "a web page"}, {"<!doctype", "a web page"},
	{"<?xml", "an XML document"},
}

func (s *subject) model(model plan.Model) result {
	place := s.place(model)
	node, _ := s.Files.Find(place)
	if node == nil || node.Kind != inventory.File {
		return s.missing(model, place)
	}
	r := s.content(model, node)
	return r.at(node.Path).keyed(model.Name)
}

func (s *subject) content(model plan.Model, node *inventory.Node) result {
	head := ""
	if node.Facts != nil {
		head = strings.ToLower(strings.TrimSpace(string(node.Facts.Head) + node.Facts.Text))
	}
	for _, other := range notModels {
		if strings.HasPrefix(head, other.head) {
			return fail("%s is %s, not a model", model.Name, other.is).with(s.fileLine(node))
		}
	}
	switch known := node.Facts != nil && node.Facts.SHA256 != ""; {
	case node.Size == 0:
		return fail("%s is empty", model.Name).with(s.fileLine(node))
	case node.Size < model.Size/2 || node.Size > model.Size*2:
		return fail("%s has %d bytes; the published file has %d", model.Name, node.Size, model.Size).
			with(s.fileLine(node))
	case node.Size != model.Size:
		return fail("%s is an unknown version: %d bytes, and the published file has %d", model.Name, node.Size,
			model.Size).
			graded(finding.Warning).with(s.fileLine(node))
	case !known:
		return unknown("%s has the published size, and its content could not be read", model.Name)
	case node.Facts.SHA256 != model.SHA256:
		return fail("%s has the published size and other bytes", model.Name).
			with(s.fileLine(node), "SHA-256 "+node.Facts.SHA256, "published "+model.SHA256)
	}
	return pass("%s is the published file", model.Name)
}

// missing reports a missing model, and where it is instead, if anywhere.
func (s *subject) missing(model plan.Model, place string) result {
	r := fail("%s is not in the image", model.Name).with("expected at " + place).at(strings.TrimPrefix(place, "/")).
		keyed(model.Name)
	for _, node := range s.Files.Named(model.Name) {
		r = r.with("found at /" + node.Path + ", where the server does not look")
		r.statement = model.Name + " is in the wrong place"
	}
	return r
}

func modelClosure(s *subject) []result {
	if s.variant.Name == "" {
		return []result{unknown(notKnown)}
	}
	var list []result
	held := 0
	for _, closure := range s.variant.Needs.Closures {
		holders := s.matching(where("", closure.Holder))
		if len(holders) == 0 {
			continue
		}
		held++
		if lacking := s.lacking(closure); len(lacking) > 0 {
			list = append(list, s.unclosed(closure, holders[0], lacking))
		}
	}
	switch {
	case held == 0:
		return []result{beside("nothing in the image needs further files")}
	case len(list) == 0:
		return []result{pass("every model has its loader, and every loader its weights")}
	}
	return list
}

// lacking returns the patterns that no file of the image matches.
func (s *subject) lacking(closure plan.Closure) (list []string) {
	for _, need := range closure.Needs {
		found := false
		for _, node := range s.matching(where("", need)) {
			found = found || closure.Contains == "" || node.Facts != nil &&
				strings.Contains(node.Facts.Text, closure.Contains)
		}
		if !found {
			list = append(list, plainName(need))
		}
	}
	return list
}

func (s *subject) unclosed(closure plan.Closure, holder *inventory.Node, lacking []string) result {
	name := holder.Path[strings.LastIndexByte(holder.Path, '/')+1:]
	r := fail("%s is there, and %s is missing", name, strings.Join(lacking, " and ")).
		with(s.fileLine(holder), closure.Reason).at(holder.Path).keyed(closure.Holder)
	if o := s.seen.Offline; o != nil && o.Portrait {
		r = r.graded(finding.Warning).with("the server makes portraits without it")
	}
	return r
}

// plainName returns the file name in a pattern.
func plainName(pattern string) string {
	name := pattern[max(strings.LastIndexByte(pattern, '/'), strings.LastIndexByte(pattern, ')'))+1:]
	return strings.NewReplacer(`\`, "", "$", "", "^", "").Replace(name)
}
