// A backend for Tautline's hooks in plain Go: HOOK_SECRET=whsec_... PORT=3000 go run backend.go
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

type object map[string]any

var users = map[string]string{"let ann in": "ann"} // by token

type question struct {
	Type, Token, Channel, Method string
	Data                         json.RawMessage
}

func decide(ask question) object {
	switch {
	case ask.Type == "connect" && users[ask.Token] != "":
		return object{"user": users[ask.Token]}
	case ask.Type == "subscribe":
		return object{"allow": strings.HasPrefix(ask.Channel, "chat:")}
	case ask.Type == "publish" && ask.Data != nil:
		clean := json.RawMessage(bytes.ReplaceAll(ask.Data, []byte("darn"), []byte("****")))
		return object{"allow": strings.HasPrefix(ask.Channel, "chat:"), "data": clean}
	case ask.Type == "rpc" && ask.Method == "length":
		return object{"result": len(ask.Data)}
	case ask.Type == "rpc":
		return object{"error": object{"code": "not-found"}}
	}
	return object{"error": object{"code": "unauthorized"}}
}

func isSigned(key []byte, header http.Header, body []byte) bool {
	sent, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", header.Get("webhook-id"), sent, body)
	right := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, one := range strings.Fields(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(one), []byte(right)) {
			return true
		}
	}
	return false
}

func main() {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("HOOK_SECRET"), "whsec_"))
	if err != nil || len(key) == 0 {
		log.Fatal("HOOK_SECRET must be whsec_ and base64")
	}
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if !isSigned(key, r.Header, body) {
			http.Error(w, "not signed", http.StatusUnauthorized)
			return
		}
		var ask question
		if json.Unmarshal(body, &ask) != nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		w.Header().Set("content-type", "application/json")
		json.NewEncoder(w).Encode(decide(ask))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}
