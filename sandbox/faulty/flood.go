package faulty

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	floodBegin = `{"status":"success","data":{"resultType":"vector","result":[`
	floodEnd   = `{"metric":{},"value":[1796000000,"1"]}]}}`
	series     = `{"metric":{"pod":"datahub-gateway-7c9d8"},"value":[1796000000,"1"]},`
	mebibyte   = 1 << 20
)

// flood sends what is too much until it is all sent, or until nobody reads any more.
func flood(w http.ResponseWriter, r *http.Request, kind Flood) {
	w.Header().Set("Content-Type", "application/json")
	if kind == Gzip {
		w.Header().Set("Content-Encoding", "gzip")
		bomb := member(strings.Repeat(" ", mebibyte))
		for range 1024 {
			if _, err := w.Write(bomb); err != nil {
				return
			}
		}
		w.Write(member(floodBegin + floodEnd))
		return
	}
	io.WriteString(w, floodBegin)
	block := strings.Repeat(series, mebibyte/len(series))
	for sent := 0; kind != Huge || sent < 64; sent++ {
		if kind == Trickle {
			block = series
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(200 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
		if _, err := io.WriteString(w, block); err != nil {
			return
		}
	}
	io.WriteString(w, floodEnd)
}

// member is one member of a gzip stream; several, one after the other, are one stream.
func member(text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	io.WriteString(z, text)
	z.Close()
	return out.Bytes()
}
