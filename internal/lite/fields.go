package lite

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// The methods below read fields like pydantic 2, with its error messages, and
// collect errors in errs.

func (f *form) missing(name string) {
	f.errs = append(f.errs, fieldError{Type: "missing", Loc: []any{"body", name}, Msg: "Field required"})
}

// notAFile reports text instead of a file.
func (f *form) notAFile(name string, loc ...any) {
	f.errs = append(f.errs, fieldError{
		Type:  "value_error",
		Loc:   append([]any{"body", name}, loc...),
		Msg:   "Value error, Expected UploadFile, received: <class 'str'>",
		Input: new(f.values[name]),
		Ctx:   map[string]struct{}{"error": {}},
	})
}

// file reads a required file; if there are several, the last one counts.
func (f *form) file(name string) upload {
	if uploads := f.files[name]; len(uploads) > 0 {
		return uploads[len(uploads)-1]
	}
	if f.values[name] != "" {
		f.notAFile(name)
	} else {
		f.missing(name)
	}
	return upload{}
}

// fileList reads a required list of files.
func (f *form) fileList(name string) []upload {
	if len(f.files[name]) == 0 {
		if f.values[name] != "" {
			f.notAFile(name, 0)
		} else {
			f.missing(name)
		}
	}
	return f.files[name]
}

// read replaces *target if the field is present and not empty.
func read[T any](f *form, target *T, name string, parse func(string) (T, error), kind, msg string) {
	text := f.values[name]
	if text == "" {
		return
	}
	value, err := parse(text)
	if err != nil {
		f.errs = append(f.errs, fieldError{Type: kind, Loc: []any{"body", name}, Msg: msg, Input: &text})
		return
	}
	*target = value
}

func (f *form) integer(target *int, name string) {
	read(f, target, name, parseInteger,
		"int_parsing", "Input should be a valid integer, unable to parse string as an integer")
}

func (f *form) float(target *float64, name string) {
	read(f, target, name, parseFloat,
		"float_parsing", "Input should be a valid number, unable to parse string as a number")
}

func (f *form) boolean(target *bool, name string) {
	read(f, target, name, parseBoolean, "bool_parsing", "Input should be a valid boolean, unable to interpret input")
}

// zeros matches the decimals of a number that is still an integer.
var zeros = regexp.MustCompile(`\.0+$`)

// parseInteger reads a number of any length, like Python. One that is too large
// becomes the maximum, which every check rejects.
func parseInteger(s string) (int, error) {
	n, err := strconv.Atoi(zeros.ReplaceAllString(strings.TrimSpace(s), ""))
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return n, err
}

func parseFloat(s string) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // infinite, as in Python
	}
	return x, err
}

func parseBoolean(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "1", "on", "t", "true", "y", "yes":
		return true, nil
	case "0", "off", "f", "false", "n", "no":
		return false, nil
	}
	return false, strconv.ErrSyntax
}
