package studio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"

	"golang.org/x/image/draw"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/photo"
	"github.com/djok/facecraft/internal/studio/guard"
	"github.com/djok/facecraft/internal/studio/sheet"
	"github.com/djok/facecraft/internal/studio/spool"
)

// thumbSide is the longer side of a thumbnail in pixels: 160 CSS pixels on a
// high-density screen.
const thumbSide = 320

// picture is a file with an image, in a format that browsers read.
type picture struct {
	path string
	data []byte // instead of path
}

// servePicture responds with one of a photo's pictures.
func (s *Studio) servePicture(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p, found := s.find(r.PathValue("id"))
	s.mu.Unlock()
	draw, known := map[string]func(*http.Request, spool.Photo) (picture, error){
		"portrait": s.portrait, "thumb": s.thumb, "photo": s.photo, "before": s.before, "sheet": s.sheet,
	}[r.PathValue("what")]
	if !found || !known {
		guard.Refuse(w, http.StatusNotFound, errNoPhoto.Error(), "")
		return
	}
	made, err := draw(r, p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		guard.Refuse(w, http.StatusNotFound, "the file is not there any more", "")
	case fault.CodeOf(err) == fault.Usage:
		guard.Refuse(w, http.StatusBadRequest, err.Error(), fault.HintOf(err))
	case err != nil:
		guard.Refuse(w, http.StatusInternalServerError, err.Error(), "")
	default:
		made.write(w)
	}
}

func (p picture) write(w http.ResponseWriter) {
	if p.data == nil {
		file, err := os.Open(p.path)
		if err != nil {
			guard.Refuse(w, http.StatusNotFound, "the file is not there any more", "")
			return
		}
		defer file.Close()
		head := make([]byte, 512) // as much as DetectContentType looks at
		n, _ := file.ReadAt(head, 0)
		w.Header().Set("Content-Type", http.DetectContentType(head[:n]))
		_, _ = io.Copy(w, file) // the client is gone
		return
	}
	w.Header().Set("Content-Type", http.DetectContentType(p.data))
	_, _ = w.Write(p.data) // the client is gone
}

// portrait is the result as it is on disk.
func (s *Studio) portrait(r *http.Request, p spool.Photo) (picture, error) {
	format := r.URL.Query().Get("format")
	for _, file := range s.absolute(p.Files) {
		if format == "" || batch.FormatOf(file) == format {
			return picture{path: file}, nil
		}
	}
	return picture{}, fs.ErrNotExist
}

// thumb is the portrait's thumbnail.
func (s *Studio) thumb(r *http.Request, p spool.Photo) (picture, error) {
	place := s.spool.Picture(p, "thumb-"+strconv.Itoa(p.Version))
	if _, err := os.Stat(place); err == nil {
		return picture{path: place}, nil
	}
	portrait, err := s.portrait(r, p)
	if err != nil {
		return picture{}, err
	}
	s.drawing.Lock()
	defer s.drawing.Unlock()
	whole, err := decodeFile(portrait.path)
	if err != nil {
		return picture{}, err
	}
	var out bytes.Buffer
	small := shrink(whole, thumbSide)
	if small.Opaque() {
		err = jpeg.Encode(&out, small, &jpeg.Options{Quality: 85})
	} else {
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, small)
	}
	if err != nil {
		return picture{}, err
	}
	return keepPicture(place, out.Bytes())
}

// keepPicture caches a picture that may be requested again. It replaces the file
// atomically, because the old one may be in use.
func keepPicture(place string, data []byte) (picture, error) {
	temporary := place + ".new"
	if os.WriteFile(temporary, data, 0o600) == nil {
		_ = os.Rename(temporary, place) // best effort
	}
	return picture{data: data}, nil
}

// photo is the whole, uncropped photo.
func (s *Studio) photo(_ *http.Request, p spool.Photo) (picture, error) {
	place := s.spool.File(p)
	file, err := os.Open(place)
	if err != nil {
		return picture{}, err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return picture{}, err
	}
	info, err := photo.Inspect(file, stat.Size())
	if err != nil {
		return picture{}, err
	}
	if !info.Convert {
		return picture{path: place}, nil
	}
	kept := s.spool.Picture(p, "photo")
	if _, err := os.Stat(kept); err == nil {
		return picture{path: kept}, nil
	}
	s.drawing.Lock()
	defer s.drawing.Unlock()
	data, err := photo.Convert(file, stat.Size(), info)
	if err != nil {
		return picture{}, err
	}
	return keepPicture(kept, data)
}

// before is the photo cropped like its portrait, to compare them. If no face is
// found, it is the whole photo.
func (s *Studio) before(r *http.Request, p spool.Photo) (picture, error) {
	settings := stored(p.Settings)
	place := s.spool.Picture(p, fmt.Sprintf("before-%dx%d-%g", settings.Width, settings.Height, settings.Margin))
	if _, err := os.Stat(place); err == nil {
		return picture{path: place}, nil
	}
	whole, err := s.photo(r, p)
	if err != nil {
		return picture{}, err
	}
	cropped, err := s.crop(r.Context(), whole, settings)
	if err != nil {
		return whole, nil
	}
	return keepPicture(place, cropped)
}

func (s *Studio) crop(ctx context.Context, whole picture, settings Settings) ([]byte, error) {
	data := whole.data
	if data == nil {
		var err error
		if data, err = os.ReadFile(whole.path); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	err := s.startCropper(ctx)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	client := api.New(s.cropped.URL)
	defer client.Close()
	options := api.DefaultOptions()
	options.Width, options.Height, options.Margin = settings.Width, settings.Height, settings.Margin
	options.Oval, options.CropOnly = false, true
	name := "photo" + suffixes[http.DetectContentType(data)]
	upload := api.Upload{Name: name, Content: bytes.NewReader(data), Size: int64(len(data))}
	made, err := client.Process(ctx, upload, options)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = client.Download(ctx, &out, made.Job, batch.JPG)
	return out.Bytes(), errors.Join(err, client.DeleteJob(ctx, made.Job))
}

// suffixes are file extensions by content type; servers rely on extensions.
var suffixes = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/bmp": ".bmp", "image/webp": ".webp",
}

// sheet is a page of photo paper with copies of the portrait.
func (s *Studio) sheet(r *http.Request, p spool.Photo) (picture, error) {
	query := r.URL.Query()
	paper, known := sheet.Find(query.Get("paper"))
	if !known {
		return picture{}, fault.New(fault.Usage, "use one of the papers in the state", "there is no such paper")
	}
	if len(p.Files) == 0 {
		return picture{}, fs.ErrNotExist
	}
	var err error
	width := sheet.WidthOf(stored(p.Settings).Preset)
	if text := query.Get("width"); text != "" {
		if width, err = strconv.ParseFloat(text, 64); err != nil || !(width >= 10 && width <= 100) {
			return picture{}, fault.New(fault.Usage, "use 10 to 100 mm", "%q is not a width in millimetres", text)
		}
	}
	s.drawing.Lock()
	defer s.drawing.Unlock()
	whole, err := decodeFile(s.absolute(p.Files)[0])
	if err != nil {
		return picture{}, err
	}
	var out bytes.Buffer
	if query.Get("format") == batch.PNG {
		err = sheet.PNG(&out, paper.Fill(whole, width))
	} else {
		err = sheet.JPEG(&out, paper.Fill(whole, width))
	}
	return picture{data: out.Bytes()}, err
}

// decodeFile decodes a portrait.
func decodeFile(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if batch.FormatOf(path) == batch.PNG {
		return png.Decode(file)
	}
	return jpeg.Decode(file)
}

// shrink scales a picture down to a longer side in pixels.
func shrink(whole image.Image, side int) *image.NRGBA {
	size := whole.Bounds().Size()
	scale := min(1, float64(side)/float64(max(size.X, size.Y)))
	small := image.NewNRGBA(image.Rect(0, 0, max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))))
	draw.ApproxBiLinear.Scale(small, small.Rect, whole, whole.Bounds(), draw.Src, nil)
	return small
}
