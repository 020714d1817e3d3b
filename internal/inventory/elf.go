package inventory

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
)

var errNoLibrary = errors.New("not a 64-bit ELF file")

// The limits for reading a library. In a stream, the string table must be in the
// first bytes or after the table that refers to it, where linkers and patchelf
// put it.
const (
	maxSegments = 64
	maxDynamic  = 64 << 10
	maxStrings  = 16 << 20
	windowHead  = 4 << 20
)

// libraries returns the libraries that an ELF file depends on, and where it looks
// for them first. It reads what the dynamic loader reads rather than the
// sections, which may be missing and are at the end.
func libraries(r io.ReaderAt) (needed, runPath []string, err error) {
	segments, order, err := segmentsOf(r)
	if err != nil {
		return nil, nil, err
	}
	entries, err := dynamicOf(r, segments, order)
	if err != nil {
		return nil, nil, err
	}
	names := uint64(0)
	for _, d := range entries {
		if elf.DynTag(d.Tag) == elf.DT_STRTAB {
			names = offsetOf(segments, d.Val)
		}
	}
	for _, d := range entries {
		tag := elf.DynTag(d.Tag)
		if tag != elf.DT_NEEDED && tag != elf.DT_RPATH && tag != elf.DT_RUNPATH {
			continue
		}
		name, err := stringAt(r, names+d.Val)
		switch {
		case err != nil: // an incomplete answer would look complete
			return nil, nil, err
		case tag == elf.DT_NEEDED:
			needed = append(needed, name)
		default:
			runPath = append(runPath, strings.Split(name, ":")...)
		}
	}
	return needed, runPath, nil
}

func segmentsOf(r io.ReaderAt) ([]elf.Prog64, binary.ByteOrder, error) {
	ident := make([]byte, elf.EI_NIDENT)
	if _, err := r.ReadAt(ident, 0); err != nil || string(ident[:4]) != elf.ELFMAG ||
		elf.Class(ident[elf.EI_CLASS]) != elf.ELFCLASS64 {
		return nil, nil, errNoLibrary
	}
	var order binary.ByteOrder = binary.LittleEndian
	if elf.Data(ident[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	var header elf.Header64
	if err := binary.Read(io.NewSectionReader(r, 0, 64), order, &header); err != nil {
		return nil, nil, err
	}
	if header.Phnum > maxSegments || header.Phoff > 1<<40 {
		return nil, nil, errNoLibrary
	}
	segments := make([]elf.Prog64, header.Phnum)
	err := binary.Read(io.NewSectionReader(r, int64(header.Phoff), int64(header.Phnum)*56), order, segments)
	return segments, order, err
}

func dynamicOf(r io.ReaderAt, segments []elf.Prog64, order binary.ByteOrder) ([]elf.Dyn64, error) {
	for _, s := range segments {
		if elf.ProgType(s.Type) != elf.PT_DYNAMIC || s.Filesz > maxDynamic || s.Off > 1<<44 {
			continue
		}
		entries := make([]elf.Dyn64, s.Filesz/16)
		if err := binary.Read(io.NewSectionReader(r, int64(s.Off), int64(s.Filesz)), order, entries); err != nil {
			return nil, err
		}
		if end := slices.IndexFunc(entries, func(d elf.Dyn64) bool {
			return elf.DynTag(d.Tag) == elf.DT_NULL
		}); end >= 0 {
			entries = entries[:end]
		}
		return entries, nil
	}
	return nil, nil // linked statically
}

// offsetOf returns the file offset of a memory address.
func offsetOf(segments []elf.Prog64, address uint64) uint64 {
	for _, s := range segments {
		if elf.ProgType(s.Type) == elf.PT_LOAD && address >= s.Vaddr && address < s.Vaddr+s.Filesz {
			return address - s.Vaddr + s.Off
		}
	}
	return address
}

func stringAt(r io.ReaderAt, offset uint64) (string, error) {
	if offset > 1<<44 {
		return "", errNoLibrary
	}
	name := make([]byte, 4096)
	n, err := r.ReadAt(name, int64(offset))
	text, _, ended := bytes.Cut(name[:n], []byte{0})
	if !ended || len(text) == 0 {
		return "", cmp.Or(err, errNoLibrary)
	}
	return string(text), nil
}
