// Writes reference results of GNU libstdc++ for test_libstdcxx.py: for each case a line
// "k score score ..." and a line with the order that std::nth_element leaves.
// g++ -O1 nth_element.cpp -o nth_element && ./nth_element | gzip -9n > nth_element.txt.gz
#include <algorithm>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

int main() {
  std::mt19937 random(1);
  for (int number = 0; number < 400; ++number) {
    int size = 1 + random() % 120;
    if (number % 40 == 0) size = 1500;
    const int levels[] = {3, 20, 100000};
    int distinct = 1 + random() % levels[number % 3];
    std::vector<std::pair<double, int>> items(size);
    for (int i = 0; i < size; ++i) items[i] = {double(random() % distinct), i};
    if (number % 7 == 0) {  // a killer of the median of three: the depth limit is reached
      int half = size / 2;
      for (int i = 0; i < size; ++i) {
        double key = i >= half ? 2 * (i - half + 1) : i % 2 == 0 ? i + 1 : half + i + (half % 2 ? 0 : 1);
        items[i].first = number % 2 ? key : -key;
      }
    }
    int nth = random() % size;
    std::printf("%d", nth);
    for (auto &item : items) std::printf(" %.0f", item.first);
    std::nth_element(items.begin(), items.begin() + nth, items.end(),
                     [](const auto &a, const auto &b) { return a.first > b.first; });
    std::printf("\n");
    for (auto &item : items) std::printf("%d ", item.second);
    std::printf("\n");
  }
}
