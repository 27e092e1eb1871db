// SPDX-License-Identifier: Apache-2.0
//
// The layout is SQLite's "WAL-index file format": two copies of a header of 48 octets, which
// readers compare, and lock bytes from octet 120 on: WRITE, CHECKPOINT, RECOVER, then five of
// readers.
#include "test/wire/stalled_store.h"

#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace icm {
namespace {

constexpr off_t header_copy = 48;
constexpr off_t first_lock = 120;
constexpr off_t locks = 3;  // not those of readers: waiting for these SQLite has no busy handler
constexpr off_t presence = 128;  // shared by every process that has the index open

}  // namespace

StalledStore::StalledStore(const std::string& path)
    : index_(::open((path + "-shm").c_str(), O_RDWR | O_CLOEXEC)) {
  if (index_ < 0 || !lock(F_RDLCK, presence, 1) || !lock(F_WRLCK, first_lock, locks)) {
    throw std::runtime_error("cannot stall " + path + ": is it open in another process?");
  }
  flip_header();
}

StalledStore::~StalledStore() {
  flip_header();
  ::close(index_);  // releases the locks
}

bool StalledStore::lock(short type, off_t begin, off_t octets) const {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = begin;
  range.l_len = octets;
  return ::fcntl(index_, F_SETLKW, &range) == 0;
}

// Makes the two copies differ, or agree again. A plain write reaches whoever has the file mapped.
void StalledStore::flip_header() const {
  unsigned char octet = 0;
  if (::pread(index_, &octet, 1, header_copy) != 1) throw std::runtime_error("no index to flip");
  octet ^= 0xff;
  if (::pwrite(index_, &octet, 1, header_copy) != 1) throw std::runtime_error("index is read-only");
}

}  // namespace icm
