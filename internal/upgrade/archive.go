package upgrade

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

func archiveName(platform string) string {
	if strings.HasPrefix(platform, "windows_") {
		return "facecraft_" + platform + ".zip"
	}
	return "facecraft_" + platform + ".tar.gz"
}

// unpack returns the program in an archive.
func unpack(name string, archive []byte) (program []byte, err error) {
	if strings.HasSuffix(name, ".zip") {
		program, err = fromZip(archive, "facecraft.exe")
	} else {
		program, err = fromTar(archive, "facecraft")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot unpack %s: %w", name, err)
	}
	return program, nil
}

func fromZip(archive []byte, name string) ([]byte, error) {
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

func fromTar(archive []byte, name string) ([]byte, error) {
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("it has no file %s", name)
		case err != nil:
			return nil, err
		case header.Name == name && header.Typeflag == tar.TypeReg:
			return io.ReadAll(files)
		}
	}
}
