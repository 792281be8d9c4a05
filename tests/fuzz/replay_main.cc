// NAME_fuzz FILE|FOLDER... with gcc: replays corpora through the target. Last line: N passed, N failed.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz.h"

namespace {

std::vector<std::filesystem::path> files_of(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The file, and what is left of it when its end is missing: short inputs are what parsers trip over.
void replay(const std::string& bytes) {
  const auto run = [](std::string_view input) {
    const mq::fuzz::Exact exact(input);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(exact.text().data()), exact.text().size());
  };
  run(bytes);
#ifndef MQ_FUZZ_WHOLE_FILES_ONLY
  if (bytes.size() > 4096) return;
  for (size_t n = 0; n < bytes.size(); ++n) run(std::string_view(bytes).substr(0, n));
#endif
}

}  // namespace

int main(int argc, char** argv) {
  int passed = 0;
  for (const auto& path : files_of(argc, argv)) {
    std::fprintf(stderr, "%s\n", path.filename().c_str());   // the last name before a crash is the culprit
    std::ifstream in(path, std::ios::binary);
    replay({std::istreambuf_iterator<char>(in), {}});
    ++passed;
  }
  std::printf("%d passed, %d failed\n", passed, passed == 0 ? 1 : 0);
  return passed == 0 ? 1 : 0;
}
