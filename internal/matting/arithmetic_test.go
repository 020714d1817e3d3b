package matting

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func TestExponentialAndLogarithm(t *testing.T) {
	t.Parallel()
	for x := 0.0; x < 45; x += 0.037 {
		if got, want := expMinus(x), math.Exp(-x); math.Abs(got-want) > 1e-9 {
			t.Errorf("e^-%v is %v, want %v", x, got, want)
		}
	}
	for x := 1e-9; x < 1e12; x *= 1.7 {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-12 {
			t.Errorf("ln(%v) is %v, want %v", x, got, want)
		}
	}
}

// TestNoFusedProducts finds products of floats that a compiler may fuse with
// an addition: all that are not product's own.
func TestNoFusedProducts(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	var files []*ast.File
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	if _, err := config.Check("matting", fset, files, info); err != nil {
		t.Fatal(err)
	}
	floats := 0
	for _, file := range files {
		for _, at := range floatProducts(file, info) {
			floats++
			if place := fset.Position(at); place.Filename != "arithmetic.go" {
				t.Errorf("%v: write product(x, y)", place)
			}
		}
	}
	if floats != 1 {
		t.Errorf("%d products of floats, want that of product alone", floats)
	}
}

func floatProducts(file *ast.File, info *types.Info) (places []token.Pos) {
	isFloat := func(e ast.Expr) bool {
		basic, ok := info.Types[e].Type.Underlying().(*types.Basic)
		return ok && basic.Info()&types.IsFloat != 0 && info.Types[e].Value == nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.MUL && isFloat(n) {
				places = append(places, n.OpPos)
			}
		case *ast.AssignStmt:
			if n.Tok == token.MUL_ASSIGN && isFloat(n.Lhs[0]) {
				places = append(places, n.TokPos)
			}
		}
		return true
	})
	return places
}
