import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Calls the service with the JDK's own client as it comes: it offers h2c on every request. */
public class Shop {
    private static final String USERS =
        "{\"users\":[{\"visitorid\":567987987988,\"period\":\"Night\"}],\"k\":2}";

    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        String base = arguments[0];
        byte[] body = USERS.getBytes(StandardCharsets.UTF_8);
        show("length", client.send(post(base, BodyPublishers.ofByteArray(body)), text()));
        show("chunked", client.send(
            post(base, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))), text()));
        byte[] padded = (USERS + " ".repeat(300_000)).getBytes(StandardCharsets.UTF_8);
        show("large", client.send(post(base, BodyPublishers.ofByteArray(padded)), text()));
        show("get", client.send(
            HttpRequest.newBuilder(URI.create(base + "/models")).build(), text()));
        show("head", client.send(HttpRequest.newBuilder(URI.create(base + "/"))
            .method("HEAD", BodyPublishers.noBody()).build(), text()));
        List<CompletableFuture<HttpResponse<String>>> many = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            many.add(client.sendAsync(post(base, BodyPublishers.ofByteArray(body)), text()));
        }
        for (CompletableFuture<HttpResponse<String>> one : many) {
            show("together", one.get());
        }
    }

    private static HttpResponse.BodyHandler<String> text() {
        return BodyHandlers.ofString();
    }

    private static HttpRequest post(String base, HttpRequest.BodyPublisher body) {
        return HttpRequest.newBuilder(URI.create(base + "/recommend/users"))
            .header("Content-Type", "application/json").POST(body).build();
    }

    private static void show(String name, HttpResponse<String> answer) {
        System.out.println(name + " " + answer.statusCode() + " " + answer.version() + " "
            + answer.body().contains("567987987988"));
    }
}
