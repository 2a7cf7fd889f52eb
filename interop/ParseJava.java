import com.sun.source.util.JavacTask;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;

/**
 * Checks the syntax of all Java files under a directory. It parses and goes no further, since the libraries that generated code
 * imports are not here to be resolved. Run: java ParseJava.java DIR
 */
class ParseJava {
    public static void main(String[] args) throws Exception {
        List<Path> files;
        try (var tree = Files.walk(Path.of(args[0]))) {
            files = tree.filter(f -> f.toString().endsWith(".java")).toList();
        }
        var compiler = ToolProvider.getSystemJavaCompiler();
        var found = new DiagnosticCollector<JavaFileObject>();
        int units = 0;
        try (var manager = compiler.getStandardFileManager(found, Locale.ROOT, null)) {
            var sources = manager.getJavaFileObjectsFromPaths(files);
            var task = (JavacTask) compiler.getTask(null, manager, found, List.of("-proc:none"), null, sources);
            for (var unit : task.parse()) {
                units++;
            }
        }
        int errors = 0;
        for (var d : found.getDiagnostics()) {
            if (d.getKind() == Diagnostic.Kind.ERROR) {
                errors++;
                System.err.println(d);
            }
        }
        System.out.println(units);
        System.exit(errors > 0 || units == 0 ? 1 : 0);
    }
}
