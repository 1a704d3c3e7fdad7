/* What a compiled part would do: see compiled.py. Plain loops, which the compiler vectorises. */
#include <stddef.h>
#include <stdint.h>

/* The first front for one query: upper bounds, the k-th best lower bound, and who reaches it. */
size_t look(const float *restrict vectors, const float *restrict uppers, const float *restrict spans,
            const float *restrict user, float error, size_t items, size_t width, size_t k,
            float *restrict scores, float *restrict best, int32_t *restrict found)
{
    size_t held = 0;
    for (size_t item = 0; item < items; item++) {
        float score = uppers[item];
        for (size_t place = 0; place < width; place++)
            score += vectors[item * width + place] * user[place];
        scores[item] = score;
        float lower = score - spans[item];
        if (held < k || lower > best[k - 1]) {
            size_t at = held < k ? held++ : k - 1;
            for (; at > 0 && best[at - 1] < lower; at--)
                best[at] = best[at - 1];
            best[at] = lower;
        }
    }
    float threshold = best[k - 1] - 2 * error;
    size_t count = 0;
    for (size_t item = 0; item < items; item++)
        if (scores[item] >= threshold)
            found[count++] = (int32_t)item;
    return count;
}

/* All items in a narrower type: factors of 8 bits, with an upper bound of what rounding them costs. */
size_t scan(const int8_t *restrict vectors, const float *restrict scales, const float *restrict uppers,
            const int8_t *restrict user, float threshold, size_t items, size_t width,
            int32_t *restrict found)
{
    size_t count = 0;
    for (size_t item = 0; item < items; item++) {
        int32_t sum = 0;
        for (size_t place = 0; place < width; place++)
            sum += (int32_t)vectors[item * width + place] * user[place];
        if (scales[item] * (float)sum + uppers[item] >= threshold)
            found[count++] = (int32_t)item;
    }
    return count;
}
