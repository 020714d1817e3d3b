package lite

import (
	"errors"
	"strconv"
	"strings"
)

// The methods below read fields as pydantic 1 does, with its texts, and
// collect what is wrong in errs.

func (f *form) fail(msg, kind string, loc ...any) {
	f.errs = append(f.errs, fieldError{Loc: append([]any{"body"}, loc...), Msg: msg, Type: kind})
}

const notAFile = "Expected UploadFile, received: <class 'str'>"

// file reads a required file; of several the last counts.
func (f *form) file(name string) upload {
	if uploads := f.files[name]; len(uploads) > 0 {
		return uploads[len(uploads)-1]
	}
	if f.values[name] != "" {
		f.fail(notAFile, "value_error", name)
	} else {
		f.fail("field required", "value_error.missing", name)
	}
	return upload{}
}

// fileList reads a required list of files.
func (f *form) fileList(name string) []upload {
	if len(f.files[name]) == 0 {
		if f.values[name] != "" {
			f.fail(notAFile, "value_error", name, 0)
		} else {
			f.fail("field required", "value_error.missing", name)
		}
	}
	return f.files[name]
}

// read replaces *target when the field is there and not empty.
func read[T any](f *form, target *T, name string, parse func(string) (T, error), msg, kind string) {
	text := f.values[name]
	if text == "" {
		return
	}
	value, err := parse(text)
	if err != nil {
		f.fail(msg, kind, name)
		return
	}
	*target = value
}

func (f *form) integer(target *int, name string) {
	read(f, target, name, parseInteger, "value is not a valid integer", "type_error.integer")
}

func (f *form) float(target *float64, name string) {
	read(f, target, name, parseFloat, "value is not a valid float", "type_error.float")
}

func (f *form) boolean(target *bool, name string) {
	read(f, target, name, parseBoolean, "value could not be parsed to a boolean", "type_error.bool")
}

// parseInteger reads a number of any length, which is an integer in Python:
// one that is too long becomes the largest, which every check refuses.
func parseInteger(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
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
