// Contestants that only the benchmark needs: npm run bench:setup.
module tautline.dev/bench/contestants

go 1.26.0

require github.com/centrifugal/centrifugo/v6 v6.9.6
