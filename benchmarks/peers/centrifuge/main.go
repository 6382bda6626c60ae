// Centrifugo's library as a peer of the fan-out benchmark: one channel, subscribed by the server as a client connects.
//
// Debian's package golang-github-centrifugal-centrifuge-dev has the library; no module is downloaded.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"
)

const channel = "user-1"

func newNode() (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.DefaultConfig)
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: channel},
			Subscriptions: map[string]centrifuge.SubscribeOptions{channel: {}},
		}, nil
	})
	node.OnConnect(func(*centrifuge.Client) {})
	return node, node.Run()
}

func publish(node *centrifuge.Node) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		status, err := io.ReadAll(request.Body)
		if err == nil {
			_, err = node.Publish(channel, status)
		}
		if err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
			return
		}
		answer.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(answer, "{}")
	}
}

func main() {
	node, err := newNode()
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{PingInterval: time.Hour}))
	http.HandleFunc("/publish", publish(node))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"port\": %d}\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}
