// SPDX-License-Identifier: Apache-2.0
#include "policy/store/generation.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/unique_fd.h"

namespace icm {
namespace {

struct Content {
  std::array<char, 8> magic = {'I', 'C', 'M', 'G', 'E', 'N', '1', '\n'};
  std::uint64_t number = 0;
};
static_assert(sizeof(Content) == 16);
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free, "processes share no lock");

constexpr int tries = 5;  // others may make or remove the file at the same time

tl::unexpected<Error> cannot(const std::string& path, std::string_view what) {
  return fail(Code::config, fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

std::uint64_t new_number() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

// Whose the file shall be, and who may write it: who may write the store.
Status find_model(const std::string& store, struct stat& about) {
  if (::stat(store.c_str(), &about) == 0) {
    about.st_mode &= 0666;
    return {};
  }
  const std::string directory = std::filesystem::path(store).parent_path().string();
  if (errno != ENOENT || ::stat(directory.c_str(), &about) != 0) {
    return cannot(store, "cannot open the store");
  }
  about.st_mode = 0640;
  return {};
}

// Complete from the moment it has its name.
Status make(const std::string& path, const std::string& store) {
  struct stat about {};
  ICM_CHECK(find_model(store, about));
  const std::string draft = fmt::format("{}.{}", path, ::getpid());
  ::unlink(draft.c_str());
  const UniqueFd file(::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!file) return cannot(path, "cannot be made");
  const Content content{.number = new_number()};
  const auto complete = [&]() -> Status {
    if (::write(file.get(), &content, sizeof content) != sizeof content) {
      return cannot(path, "cannot be written");
    }
    if (::geteuid() == 0 && ::fchown(file.get(), about.st_uid, about.st_gid) != 0) {
      return cannot(path, "cannot be given to the owner of the store");
    }
    // A group of writers that share the store share its group; whoever is none of it cannot give
    // it.
    if (::geteuid() != 0)
      static_cast<void>(::fchown(file.get(), static_cast<uid_t>(-1), about.st_gid) == 0);
    if (::fchmod(file.get(), about.st_mode) != 0) return cannot(path, "cannot be given its mode");
    if (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) {
      return cannot(path, "cannot be made");
    }
    return {};
  };
  Status made = complete();
  ::unlink(draft.c_str());
  return made;
}

}  // namespace

std::string Generation::path_beside(const std::string& store) { return store + "-generation"; }

void Generation::unmap(void* memory) noexcept { ::munmap(memory, sizeof(Content)); }

// Code::temporary: there is none; one that is not ours has been removed.
Result<Generation> Generation::map(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) {
    if (errno == ENOENT) return fail(Code::temporary, {});
    return cannot(path, "cannot be opened");
  }
  Content content{.magic = {}};
  if (!S_ISREG(about.st_mode) ||
      ::pread(file.get(), &content, sizeof content, 0) != sizeof content ||
      content.magic != Content{}.magic) {
    ::unlink(path.c_str());
    return fail(Code::temporary, {});
  }
  void* const memory =
      ::mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return cannot(path, "cannot be mapped");
  return Generation(path, memory, about.st_dev, about.st_ino);
}

Result<Generation> Generation::open(const std::string& store) {
  const std::string path = path_beside(store);
  for (int i = 0; i < tries; ++i) {
    Result<Generation> mapped = map(path);
    if (mapped || mapped.error().code != Code::temporary) return mapped;
    ICM_CHECK(make(path, store));
  }
  return fail(Code::config,
              fmt::format("{}: expected a file of this program, found something else", path));
}

std::uint64_t Generation::value() const {
  auto& number = static_cast<Content*>(memory_.get())->number;
  return std::atomic_ref<std::uint64_t>(number).load(std::memory_order_acquire);
}

void Generation::raise() {
  auto& number = static_cast<Content*>(memory_.get())->number;
  std::atomic_ref<std::uint64_t>(number).fetch_add(1, std::memory_order_acq_rel);
}

bool Generation::is_in_place() const {
  struct stat about {};
  return ::stat(path_.c_str(), &about) == 0 && about.st_dev == device_ && about.st_ino == inode_;
}

FollowedGeneration::FollowedGeneration(std::string store, std::unique_ptr<Generation> first)
    : store_(std::move(store)), current_(first.get()) {
  all_.push_back(std::move(first));
}

Result<std::unique_ptr<FollowedGeneration>> FollowedGeneration::open(const std::string& store) {
  ICM_TRY(Generation generation, Generation::open(store));
  return std::unique_ptr<FollowedGeneration>(
      new FollowedGeneration(store, std::make_unique<Generation>(std::move(generation))));
}

Status FollowedGeneration::follow() {
  if (all_.back()->is_in_place()) return {};
  ICM_TRY(Generation next, Generation::open(store_));
  all_.push_back(std::make_unique<Generation>(std::move(next)));
  current_.store(all_.back().get(), std::memory_order_release);
  return {};
}

}  // namespace icm
